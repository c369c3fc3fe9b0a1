-- Leads <before> .. <after> for SQL Server. Run again, it changes nothing.
-- alter table ports, 2 rows [locks]: rename column open to is_open
-- alter table ferries, 2 rows [rewrites, locks]: add column name, change unique columns
-- delete rows ferries, 2 rows
-- delete rows ports, 1 rows
-- insert rows ports, 1 rows
-- insert rows ferries, 1 rows
-- note: SQL Server: not executed here: no server has run such scripts.
SET XACT_ABORT ON;
SET NOCOUNT ON;
SET QUOTED_IDENTIFIER ON;
SET ANSI_NULLS ON;
SET ANSI_PADDING ON;
SET ANSI_WARNINGS ON;
SET ARITHABORT ON;
SET CONCAT_NULL_YIELDS_NULL ON;
SET NUMERIC_ROUNDABORT OFF;
SET IMPLICIT_TRANSACTIONS OFF;
BEGIN TRANSACTION;
EXEC sys.sp_executesql N'DECLARE @lock INT;
EXEC @lock = sys.sp_getapplock @Resource = N''ingitdb'', @LockMode = N''Exclusive'', @LockOwner = N''Transaction'', @LockTimeout = -1;
IF @lock < 0 THROW 51000, N''another migration is at work'', 1';
IF OBJECT_ID(N'[dbo].[ingitdb_migrations]', N'U') IS NULL CREATE TABLE [dbo].[ingitdb_migrations] (
  [version] BIGINT NOT NULL PRIMARY KEY,
  [commit] VARCHAR(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [checksum] VARCHAR(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [applied_at] DATETIME2(6) NOT NULL,
  [duration] FLOAT(53) NULL,
  [state] VARCHAR(64) COLLATE Latin1_General_100_BIN2 NOT NULL
);
DROP TABLE IF EXISTS [#ingitdb_state];
DROP TABLE IF EXISTS [#ingitdb_checked];
CREATE TABLE [#ingitdb_state] ([commit] VARCHAR(64) NULL, [done] BIT NOT NULL, [started] DATETIME2(6) NOT NULL);
INSERT INTO [#ingitdb_state] ([commit], [done], [started]) SELECT [commit], CASE WHEN [commit] = '<after>' THEN 1 ELSE 0 END, SYSUTCDATETIME() FROM (SELECT (SELECT TOP (1) [commit] FROM [dbo].[ingitdb_migrations] WHERE [state] = 'applied' ORDER BY [version] DESC) AS [commit]) AS found;
IF EXISTS (SELECT 1 FROM [#ingitdb_state] WHERE [commit] NOT IN ('<before>', '<after>')) EXEC sys.sp_executesql N'THROW 51000, N''the target is at another commit'', 1';
CREATE TABLE [#ingitdb_checked] ([what] NVARCHAR(400) NOT NULL, [expected] BIGINT NOT NULL, [found] BIGINT NOT NULL);
IF EXISTS (SELECT 1 FROM [#ingitdb_state] WHERE [done] = 0) EXEC sys.sp_executesql N'ALTER TABLE [dbo].[ferries] DROP CONSTRAINT [ferries_port_fkey]';
IF EXISTS (SELECT 1 FROM [#ingitdb_state] WHERE [done] = 0) EXEC sys.sp_executesql N'ALTER TABLE [dbo].[ferries] DROP CONSTRAINT [ferries_tags_json_check]';
IF EXISTS (SELECT 1 FROM [#ingitdb_state] WHERE [done] = 0) EXEC sys.sp_executesql N'EXEC sys.sp_rename N''[dbo].[ports].[open]'', N''is_open'', N''COLUMN''';
IF EXISTS (SELECT 1 FROM [#ingitdb_state] WHERE [done] = 0) EXEC sys.sp_executesql N'DELETE FROM [dbo].[ferries]';
IF EXISTS (SELECT 1 FROM [#ingitdb_state] WHERE [done] = 0) EXEC sys.sp_executesql N'ALTER TABLE [dbo].[ferries] ADD [name] NVARCHAR(256) COLLATE Latin1_General_100_BIN2 NULL';
IF EXISTS (SELECT 1 FROM [#ingitdb_state] WHERE [done] = 0) EXEC sys.sp_executesql N'DELETE FROM [dbo].[ports] WHERE [code] = N''BGO'' AND DATALENGTH([code]) = DATALENGTH(N''BGO'') AND NOT ((SELECT [done] FROM [#ingitdb_state]) = 1)';
IF EXISTS (SELECT 1 FROM [#ingitdb_state] WHERE [done] = 0) EXEC sys.sp_executesql N'INSERT INTO [dbo].[ports] ([is_open], [code]) SELECT [is_open], [code] FROM (VALUES
(1, N''TRD'')
) AS v ([is_open], [code])';
IF EXISTS (SELECT 1 FROM [#ingitdb_state] WHERE [done] = 0) EXEC sys.sp_executesql N'INSERT INTO [dbo].[ferries] ([id], [port], [name], [tags]) SELECT [id], [port], [name], [tags] FROM (VALUES
(1, N''TRD'', N''Ægir'', N''["a"]'')
) AS v ([id], [port], [name], [tags])';
IF EXISTS (SELECT 1 FROM [#ingitdb_state] WHERE [done] = 0) EXEC sys.sp_executesql N'CREATE UNIQUE INDEX [ferries_name_key] ON [dbo].[ferries] ([name]) WHERE [name] IS NOT NULL';
IF EXISTS (SELECT 1 FROM [#ingitdb_state] WHERE [done] = 0) EXEC sys.sp_executesql N'ALTER TABLE [dbo].[ferries] WITH CHECK ADD CONSTRAINT [ferries_tags_json_check] CHECK (ISJSON(N''['' + [tags] + N'']'') = 1)';
IF EXISTS (SELECT 1 FROM [#ingitdb_state] WHERE [done] = 0) EXEC sys.sp_executesql N'ALTER TABLE [dbo].[ferries] WITH CHECK ADD CONSTRAINT [ferries_port_fkey] FOREIGN KEY ([port]) REFERENCES [dbo].[ports] ([code]) ON UPDATE NO ACTION ON DELETE CASCADE';
EXEC sys.sp_executesql N'INSERT INTO [#ingitdb_checked] ([what], [expected], [found]) SELECT N''rows of ports'', 2, COUNT_BIG(*) FROM [dbo].[ports];
IF EXISTS (SELECT 1 FROM [#ingitdb_checked] WHERE [expected] <> [found]) THROW 51000, N''the target does not hold what the commit does'', 1';
EXEC sys.sp_executesql N'INSERT INTO [#ingitdb_checked] ([what], [expected], [found]) SELECT N''rows of ferries'', 1, COUNT_BIG(*) FROM [dbo].[ferries];
IF EXISTS (SELECT 1 FROM [#ingitdb_checked] WHERE [expected] <> [found]) THROW 51000, N''the target does not hold what the commit does'', 1';
IF EXISTS (SELECT 1 FROM [#ingitdb_state] WHERE [done] = 0) EXEC sys.sp_executesql N'INSERT INTO [dbo].[ingitdb_migrations] ([version], [commit], [checksum], [applied_at], [duration], [state]) SELECT COALESCE(MAX([version]), 0) + 1, ''<after>'', ''<checksum>'', SYSUTCDATETIME(), DATEDIFF_BIG(microsecond, (SELECT [started] FROM [#ingitdb_state]), SYSUTCDATETIME()) / 1e6, ''applied'' FROM [dbo].[ingitdb_migrations]';
COMMIT TRANSACTION;
SELECT [what], [expected], [found] FROM [#ingitdb_checked];
DROP TABLE [#ingitdb_state];
DROP TABLE [#ingitdb_checked];
