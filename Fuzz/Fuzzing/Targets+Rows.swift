import Archives
import Foundation
import Records
import Words

extension FuzzTarget {
    /// Files of rows, one target for each format.
    static let rows: [FuzzTarget] = RowFormat.allCases.map { format in
        FuzzTarget(
            "rows." + format.rawValue, format == .text ? .bytes : .json, seeds: Seeds.rows(format),
            words: ["List[int]", "Optional[float]", "system", "assistant", "tool", "null", "possible_answer", "\n", "\r\n"]
        ) { bytes, folder in
            let file =
                format == .text ? "train.0/a.txt" : format == .snips ? "train.0/train_AddToPlaylist.json" : "train.0/a.json"
            try Seeds.run("data.ingest", ["format": .string(format.rawValue)], [file: bytes], in: folder)
        }
    }

    /// Files of records, one target for each container that is read here, and for what shrank it.
    static let records: [FuzzTarget] = [
        ("lines", FuzzTarget.Shape.json, [#"{"a":1,"b":"x"}"# + "\r\n\n" + #"{"a":[2],"b":null}"#].map { Array($0.utf8) }),
        ("list", .json, ["[{\"a\":\"],\"},\n{\"b\":[{}]} ]\n"].map { Array($0.utf8) }),
        ("separated", .bytes, ["\u{FEFF}a;b\r\n\"x;\"\"\r\ny\";2\r\n\r\n3;\r\n", "a\tb\n1\t2\n"].map { Array($0.utf8) }),
        ("gzip", .bytes, Seeds.gzip), ("zstd", .bytes, Seeds.zstd),
    ].map { name, shape, seeds in
        FuzzTarget("records." + name, shape, seeds: seeds, words: ["\"", "\"\"", ",", ";", "\t", "\r\n", "[", "]", "\\\""]) {
            bytes, folder in
            let file = folder.appending(path: "rows")
            try Data(bytes).write(to: file)
            let limits = Archive.Limits(bytes: 1 << 24, freeBytes: 1 << 20)
            try RecordFile(file, named: "rows", scratch: folder, limits: limits).read { _, _ in }
        }
    }
}
