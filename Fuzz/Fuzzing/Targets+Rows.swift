import Archives
import CanonicalJSON
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
            let task: TaskKind =
                switch format {
                case .spans: .extract
                case .options, .mmlu, .cmmlu, .arc, .hellaswag: .choice
                case .ranking: .rank
                case .table: .classify
                default: .calls
                }
            let parameters: [String: JSON] =
                task == .calls
                ? ["format": .string(format.rawValue)] : ["format": .string(format.rawValue), "task": .string(task.rawValue)]
            try Seeds.run("data.ingest", parameters, [file: bytes], in: folder)
        }
    }

    /// Files of records, one target for each container that is read here, and for what shrank it.
    static let records: [FuzzTarget] = [
        records("lines", .json, Seeds.jsonLines), records("list", .json, Seeds.jsonList),
        records("separated", .bytes, Seeds.separatedValues), records("gzip", .bytes, Seeds.gzip),
        records("zstd", .bytes, Seeds.zstd),
    ]

    private static func records(_ name: String, _ shape: Shape, _ seeds: [[UInt8]]) -> FuzzTarget {
        let words = ["\"", "\"\"", ",", ";", "\t", "\r\n", "[", "]", "\\\""]
        return FuzzTarget("records." + name, shape, seeds: seeds, words: words) { bytes, folder in
            let file = folder.appending(path: "rows")
            try Data(bytes).write(to: file)
            let limits = Archive.Limits(bytes: 1 << 24, freeBytes: 1 << 20)
            try RecordFile(file, named: "rows", scratch: folder, limits: limits).read { _, _ in }
        }
    }
}
