import CanonicalJSON
import Foundation
import Records
import Testing

/// Parquet and Arrow files for tests, written by the library that reads them.
package enum ColumnFiles {
    /// The library, installed where this machine has it or gets it now.
    private static let installed = Result {
        let library = ColumnLibrary()
        try library.install()
        return library
    }

    /// A folder for `DECANT_READERS`.
    package static func readers() throws -> URL { try installed.get().folder.deletingLastPathComponent() }

    /// Runs Python with the library.
    ///
    /// - Parameter folder: the working directory.
    package static func python(_ script: String, _ arguments: [String] = [], in folder: URL) throws {
        let library = try installed.get()
        let start = "import sys; sys.path.insert(0, sys.argv.pop(1))\n"
        try ProgramRun.output(
            of: [library.folder.path + "/python", "-I", "-S", "-B", "-c", start + script, library.folder.path] + arguments,
            in: folder)
    }

    /// Records as a file of the form `parquet`, `arrow` or `arrows`.
    package static func written(_ records: [JSON], as form: String) throws -> Data {
        let folder = TemporaryFolder()
        try folder.write(records.map { $0.canonicalText + "\n" }.joined(), to: "rows.jsonl")
        try python(
            """
            from arro3 import io
            rows = io.read_json("rows.jsonl", io.infer_json_schema("rows.jsonl"))
            {"parquet": io.write_parquet, "arrow": io.write_ipc, "arrows": io.write_ipc_stream}[sys.argv[1]](rows, "rows")
            """, [form], in: folder.url)
        return try folder.data("rows")
    }
}
