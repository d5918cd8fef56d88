import CanonicalJSON
import Foundation
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
                case .options, .mmlu, .arc, .hellaswag: .choice
                case .ranking: .rank
                default: .calls
                }
            let parameters: [String: JSON] =
                task == .calls
                ? ["format": .string(format.rawValue)] : ["format": .string(format.rawValue), "task": .string(task.rawValue)]
            try Seeds.run("data.ingest", parameters, [file: bytes], in: folder)
        }
    }
}
