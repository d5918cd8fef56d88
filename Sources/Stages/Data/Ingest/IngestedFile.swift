import CanonicalJSON
import Engine
import Foundation
import Kinds
import Records
import Words

/// A file of rows among a stage's inputs.
struct IngestedFile {
    var url: URL
    /// Its path in the input, for messages.
    var name: String
    /// The set that it was named under.
    var set: String
    var format: RowFormat
    /// The file's names for members that the format calls otherwise.
    var columns: [String: String] = [:]
    /// The function that rows of `spans` call; empty where they are no calls.
    var calls = ""
    /// Where files may be put while this one is read.
    var scratch = URL.temporaryDirectory
    /// Whether what it says is right is dropped.
    var isUnlabelled = false

    /// A row of the file as the recipe wants it.
    func wanted(_ row: Row) -> Row { isUnlabelled ? row.unlabelled : row }

    var records: RecordFile { RecordFile(url, named: name, scratch: scratch) }

    /// The whole content, expanded.
    func content() throws -> Data {
        do {
            return try records.content()
        } catch {
            throw StageFailure("\(error)")
        }
    }
}

extension StageContext {
    /// The files of `train.0`, …, `test.0`, …, `set.0`, …, those in folders too, sorted by path within each.
    func ingestedFiles(of kind: DataIngest) throws -> [IngestedFile] {
        let named = kind.sets ?? []
        let scratch = outputs.deletingLastPathComponent()
        var files: [IngestedFile] = []
        for role in ["train", "test", "set"] {
            var number = 0
            while hasInput("\(role).\(number)") {
                let input = "\(role).\(number)"
                guard role != "set" || named.indices.contains(number) else {
                    throw StageFailure("'sets' names no set for the input \(input); name one for each")
                }
                let set = role == "set" ? named[number] : role
                files += try self.files(below: input).map {
                    IngestedFile(
                        url: self.input(input, $0), name: $0, set: set, format: kind.format(of: input),
                        columns: kind.columns(of: input), calls: kind.calls(of: input), scratch: scratch,
                        isUnlabelled: kind.expectation(of: input) == .unknown)
                }
                number += 1
            }
        }
        return files
    }
}
