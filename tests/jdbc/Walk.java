// Does with a server what Java programs do, through the Flight SQL JDBC driver alone, and prints what it saw as
// lines `name<TAB>value`. Arguments: the address, then user and password if there are any.

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.Date;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Time;
import java.sql.Timestamp;
import java.util.Properties;

public class Walk {
    public static void main(String[] given) throws Exception {
        Properties asked = new Properties();
        if (given.length > 1) {
            asked.put("user", given[1]);
            asked.put("password", given[2]);
        }
        try (Connection connection = DriverManager.getConnection(given[0], asked)) {
            metadata(connection.getMetaData());
            queries(connection);
            parameters(connection);
            updates(connection);
            failures(connection);
        }
    }

    // What DBeaver asks when a connection is opened and its tree is unfolded.
    static void metadata(DatabaseMetaData data) throws SQLException {
        say("product", data.getDatabaseProductName());
        say("quote", data.getIdentifierQuoteString());
        say("read only", data.isReadOnly());
        say("transactions", data.supportsTransactions());
        say("savepoints", data.supportsSavepoints());
        say("longest column name", data.getMaxColumnNameLength());
        say("functions", data.getNumericFunctions().contains("round"));
        say("keywords", data.getSQLKeywords().length() > 0);
        say("isolation", data.getDefaultTransactionIsolation());
        say("converts", data.supportsConvert());
        rows("catalog", data.getCatalogs());
        rows("schema", data.getSchemas());
        rows("table type", data.getTableTypes());
        rows("table", data.getTables(null, null, "%", new String[] {"TABLE", "VIEW"}), 2, 3, 4);
        rows("column", data.getColumns(null, null, "fares", "%"), 4, 5, 6, 11);
        rows("primary key", data.getPrimaryKeys(null, null, "fares"), 3, 4, 5);
        rows("imported key", data.getImportedKeys(null, null, "fares"), 3, 4, 7, 8, 10, 11);
        rows("exported key", data.getExportedKeys(null, null, "ports"), 3, 4, 7, 8, 10, 11);
        rows("cross reference", data.getCrossReference(null, null, "ports", null, null, "fares"), 4, 8);
        rows("type", data.getTypeInfo(), 1, 2);
    }

    static void queries(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            rows("fare", statement.executeQuery("SELECT route, class, price FROM fares ORDER BY price"));
            rows("then", statement.executeQuery("SELECT count(*) FROM ports AS OF 'v1'"));
            rows("difference", statement.executeQuery("SELECT to_name, diff_type FROM diff('ports', 'v1', 'main')"));
            rows("listed", statement.executeQuery("SHOW TABLES"), 2);
            rows("nothing", statement.executeQuery("SELECT name FROM ports WHERE false"));
            rows("many", statement.executeQuery("SELECT count(*) FROM (SELECT * FROM range(1000000))"));
        }
        try (Statement statement = connection.createStatement();
                ResultSet found = statement.executeQuery("SELECT * FROM range(300000)")) {
            long sum = 0;
            while (found.next()) {
                sum += found.getLong(1);
            }
            say("sum", sum);
        }
    }

    static void parameters(Connection connection) throws SQLException {
        String every = "SELECT ?::BOOLEAN, ?::TINYINT, ?::SMALLINT, ?::INTEGER, ?::BIGINT, ?::FLOAT, ?::DOUBLE,"
                + " ?::DECIMAL(10,2), ?::VARCHAR, ?::DATE, ?::TIME, ?::TIMESTAMP, ?::BLOB, ?::VARCHAR";
        try (PreparedStatement statement = connection.prepareStatement(every)) {
            ParameterMetaData known = statement.getParameterMetaData();
            say("parameters", known.getParameterCount());
            statement.setBoolean(1, true);
            statement.setByte(2, (byte) 7);
            statement.setShort(3, (short) 300);
            statement.setInt(4, 70000);
            statement.setLong(5, 5_000_000_000L);
            statement.setFloat(6, 1.5f);
            statement.setDouble(7, 2.25);
            statement.setBigDecimal(8, new BigDecimal("12.50"));
            statement.setString(9, "Tromsø");
            statement.setDate(10, Date.valueOf("2024-02-29"));
            statement.setTime(11, Time.valueOf("23:59:58"));
            statement.setTimestamp(12, Timestamp.valueOf("2024-02-29 12:30:45.123456"));
            statement.setBytes(13, new byte[] {1, 2, 3});
            statement.setNull(14, java.sql.Types.VARCHAR);
            try (ResultSet found = statement.executeQuery()) {
                found.next();
                for (int i = 1; i <= 14; i++) {
                    Object value = i == 13 ? found.getBytes(i).length : found.getObject(i);
                    say("value " + i, value == null ? "null" : value);
                }
            }
        }
        String kinds = "SELECT [1, 2], {'a': 1, 'b': 'x'}, map {'k': 2}, NULL, uuid '00000000-0000-0000-0000-000000000001',"
                + " '{\"a\": 1}'::JSON, 170141183460469231731687303715884105727::HUGEINT, 255::UTINYINT,"
                + " TIMESTAMPTZ '2024-01-02 03:04:05+00'";
        try (Statement statement = connection.createStatement(); ResultSet found = statement.executeQuery(kinds)) {
            found.next();
            for (int i = 1; i <= 8; i++) {
                say("kind " + i, String.valueOf(found.getObject(i)));
            }
            say("kind 9", found.getTimestamp(9).toInstant());  // getObject of an instant is not implemented by the driver
        }
        try (PreparedStatement statement = connection.prepareStatement("SELECT count(*) FROM ports AS OF ?")) {
            for (String ref : new String[] {"v1", "main"}) {
                statement.setString(1, ref);
                rows("at " + ref, statement.executeQuery());
            }
        }
    }

    static void updates(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            say("updated", statement.executeUpdate("UPDATE ports SET berths = berths + 1"));
            say("created", statement.executeUpdate("CREATE TABLE notes (id INTEGER PRIMARY KEY, said VARCHAR)"));
        }
        try (PreparedStatement statement = connection.prepareStatement("INSERT INTO notes VALUES (?, ?)")) {
            for (int i = 0; i < 3; i++) {
                statement.setInt(1, i);
                statement.setString(2, "note " + i);
                statement.addBatch();
            }
            int sum = 0;
            for (int count : statement.executeBatch()) {
                sum += count;
            }
            say("batch", sum);
        }
        try (Statement statement = connection.createStatement()) {
            say("begun", statement.execute("BEGIN"));
            say("deleted", statement.executeUpdate("DELETE FROM notes"));
            rows("inside", statement.executeQuery("SELECT count(*) FROM notes"));
            say("undone", statement.execute("ROLLBACK"));
            rows("after", statement.executeQuery("SELECT count(*) FROM notes"));
            rows("returned", statement.executeQuery("UPDATE notes SET said = 'x' WHERE id = 1 RETURNING id, said"));
        }
    }

    static void failures(Connection connection) {
        for (String sql : new String[] {"SELEC 1", "SELECT * FROM prots", "DELETE FROM ports", "COPY ports TO 'x.csv'"}) {
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
                say("failed", "nothing");
            } catch (SQLException error) {
                say("failed", error.getMessage().replace('\n', ' '));
            }
        }
    }

    static void rows(String name, ResultSet given, int... columns) throws SQLException {
        try (ResultSet found = given) {
            ResultSetMetaData known = found.getMetaData();
            int count = 0;
            while (found.next()) {
                StringBuilder row = new StringBuilder();
                for (int i = 0; i < (columns.length == 0 ? known.getColumnCount() : columns.length); i++) {
                    Object value = found.getObject(columns.length == 0 ? i + 1 : columns[i]);
                    row.append(i == 0 ? "" : "|").append(value);
                }
                say(name, row);
                count++;
            }
            if (count == 0) {
                say(name, "no rows");
            }
        }
    }

    static void say(String name, Object value) {
        System.out.println(name + "\t" + value);
    }
}
