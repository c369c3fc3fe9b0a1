// JDBC: what DBeaver, DataGrip and programs in Java use. Java runs the file as it is:
//
//   java --add-opens=java.base/java.nio=ALL-UNNAMED -cp flight-sql-jdbc-driver-18.3.0.jar Jdbc.java \
//       'jdbc:arrow-flight-sql://localhost:8815/?useEncryption=false'

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

public class Jdbc {
    public static void main(String[] given) throws SQLException {
        // The driver signs in; a server without users takes any name. With users: the user's own.
        try (Connection db = DriverManager.getConnection(given[0], "anybody", "any")) {
            try (ResultSet tables = db.getMetaData().getTables(null, "main", "%", null)) {
                System.out.println("Tables: " + column(tables, "table_name"));
            }

            String norwegian = "SELECT name FROM ports WHERE country = ? ORDER BY name";
            try (PreparedStatement statement = db.prepareStatement(norwegian)) {
                statement.setString(1, "NO");
                System.out.println("Norwegian ports: " + column(statement.executeQuery(), "name"));
            }

            // Another commit; it may be a parameter, too.
            String dearest = "SELECT max(fare) AS dearest FROM fares AS OF ? WHERE route = 'R07'";
            try (PreparedStatement statement = db.prepareStatement(dearest)) {
                statement.setString(1, "v1.0");
                System.out.println("Dearest fare of R07 in v1.0: " + column(statement.executeQuery(), "dearest"));
            }

            // Each statement that writes is a commit of Git; BEGIN and COMMIT make one of several.
            try (Statement statement = db.createStatement()) {
                statement.execute("CREATE TABLE IF NOT EXISTS moorings (port VARCHAR PRIMARY KEY, buoys INTEGER)");
                statement.execute("BEGIN");
                statement.executeUpdate("DELETE FROM moorings");
                int rows = statement.executeUpdate("INSERT INTO moorings VALUES ('oslo', 4), ('bergen', 7)");
                statement.execute("COMMIT");
                System.out.println("Rows written: " + rows);
            }
        }
    }

    private static String column(ResultSet given, String name) throws SQLException {
        List<String> values = new ArrayList<>();
        try (ResultSet rows = given) {
            while (rows.next()) {
                values.add(rows.getString(name));
            }
        }
        return String.join(", ", values);
    }
}
