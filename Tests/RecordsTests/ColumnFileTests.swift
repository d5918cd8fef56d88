import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Records

/// Parquet and Arrow files, which the installed library reads.
@Suite struct ColumnFileTests {
    static let records: [JSON] = [
        ["text": "a", "number": 1, "share": 0.5, "flag": true, "list": ["x", "y"], "object": ["inner": "z"]],
        ["text": "é\n\"", "number": -2, "share": 1e20, "flag": false, "list": [], "object": ["inner": ""]],
    ]

    @Test(arguments: [("parquet", "Parquet"), ("arrow", "Arrow"), ("arrows", "Arrow stream")])
    func recordsComeBackAsTheyWere(form: String, name: String) throws {
        let read = try ReadRecords(ColumnFiles.written(Self.records, as: form))
        #expect(read.records == Self.records)
        #expect(Set(read.columns) == ["text", "number", "share", "flag", "list", "object"])
        #expect(read.form == name)
    }

    @Test(arguments: ["parquet", "arrow", "arrows"], ["gzip", "zstd"])
    func theyMayBeCompressed(form: String, by: String) throws {
        let read = try ReadRecords(ReadRecords.compressed(ColumnFiles.written(Self.records, as: form), by: by))
        #expect(read.records == Self.records)
        #expect(read.form.hasSuffix("in \(by)"))
    }

    /// What JSON has no type for is a text, or left out where there is no value.
    @Test func typesOfArrowsOwnAreTexts() throws {
        let folder = TemporaryFolder()
        try ColumnFiles.python(
            """
            import json
            from arro3 import io
            from arro3.core import Array, DataType, Field, Schema, Table
            columns = {
                "day": Array([18263, None], DataType.int32()).cast(DataType.date32()),
                "time": Array([1577934245, None], DataType.int64()).cast(DataType.timestamp("s")),
                "price": Array(["1.10", None], DataType.string()).cast(DataType.decimal128(9, 2)),
                "word": Array(["w", "w"], DataType.string()).cast(DataType.dictionary(DataType.int32(), DataType.string())),
                "large": Array(["l", None], DataType.large_string()),
                "label": Array([1, -1], DataType.int64()),
            }
            features = {"label": {"names": ["bad", "good"], "_type": "ClassLabel"}}
            metadata = {"huggingface": json.dumps({"info": {"features": features}})}
            schema = Schema([Field(n, c.type) for n, c in columns.items()], metadata=metadata)
            table = Table.from_pydict(columns, schema=schema)
            io.write_parquet(table, "rows.parquet")
            """, in: folder.url)
        let read = try ReadRecords(folder.data("rows.parquet"))
        #expect(
            read.records == [
                [
                    "day": "2020-01-02", "time": "2020-01-02T03:04:05", "price": "1.10", "word": "w", "large": "l",
                    "label": "good",
                ], ["word": "w", "label": nil],
            ])
    }

    @Test(arguments: ["parquet", "arrow", "arrows"]) func damageIsNamed(form: String) throws {
        let whole = try ColumnFiles.written(Self.records, as: form)
        for count in [8, whole.count / 2] {
            let failure = ReadRecords.failure(whole.prefix(count))
            #expect(failure.hasPrefix("rows cannot be read as "), "\(failure)")
            #expect(!failure.contains("Traceback") && !failure.contains("unwrap"), "\(failure)")
        }
    }

    /// Any change of a byte gives records or an error, never a crash of this process, within bounded time and memory.
    @Test(arguments: ["parquet", "arrow", "arrows"]) func changedBytesEndInAnAnswer(form: String) throws {
        let whole = try ColumnFiles.written(Self.records, as: form)
        var random = TestRandom(seed: 7)
        for _ in 0..<12 {
            var changed = whole
            for _ in 0..<3 { changed[Int(random.next() % UInt64(changed.count))] = UInt8(truncatingIfNeeded: random.next()) }
            _ = ReadRecords.failure(changed)
        }
    }

    @Test func theErrorNamesTheCommandWhereTheLibraryIsMissing() throws {
        let folder = TemporaryFolder()
        try folder.write(Data("PAR1".utf8), to: "rows")
        let library = ColumnLibrary(environment: ["DECANT_READERS": folder.url.path])
        let error = #expect(throws: RecordError.self) {
            try RecordFile(folder.file("rows"), named: "chats.parquet", library: library).read { _, _ in }
        }
        #expect(error?.description.contains("run `decant install parquet`, once") == true)
    }

    /// The whole way of a fresh machine: nothing is there, it is installed, and it reads.
    @Test func theLibraryIsInstalledOnce() throws {
        let folder = TemporaryFolder()
        let library = ColumnLibrary(environment: ["DECANT_READERS": folder.folder("readers").path])
        #expect(!library.isInstalled)
        try library.install()
        #expect(library.isInstalled)
        try library.install()
        #expect(try folder.names(in: "readers").count == 1)
        try folder.write(ColumnFiles.written(Self.records, as: "parquet"), to: "rows")
        var count = 0
        try RecordFile(folder.file("rows"), named: "rows", scratch: folder.url, library: library).read { _, _ in count += 1 }
        #expect(count == 2)
    }

    @Test func theFolderIsTheUsersOwn() {
        func path(_ environment: [String: String]) -> String { ColumnLibrary(environment: environment).folder.path }
        #expect(path(["HOME": "/a"]).hasPrefix("/a/.cache/decant/readers/"))
        #expect(path(["HOME": "/a", "XDG_CACHE_HOME": "/b"]).hasPrefix("/b/decant/readers/"))
        #expect(path(["XDG_CACHE_HOME": "/b", "DECANT_READERS": "/c"]).hasPrefix("/c/"))
    }
}
