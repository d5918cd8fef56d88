import CanonicalJSON
import Foundation
import Records
import TestSupport
import Testing

/// What a file of records gives, for comparisons.
struct ReadRecords {
    var columns: [String] = []
    var records: [JSON] = []
    /// What is wrong with single records, with their places.
    var damages: [String] = []
    var form = ""

    init(_ file: RecordFile) throws {
        var (columns, records, damages) = ([String](), [JSON](), [String]())
        form = try file.read(columns: { columns = $0 }) { place, record in
            switch record {
            case .success(let json): records.append(json)
            case .failure(let damage): damages.append("\(place): \(damage)")
            }
        }.description
        (self.columns, self.records, self.damages) = (columns, records, damages)
    }

    /// Reads content as a file.
    init(_ content: Data, named name: String = "rows") throws {
        let folder = TemporaryFolder()
        try folder.write(content, to: name)
        try self.init(RecordFile(folder.file(name), named: name, scratch: folder.url))
    }

    init(_ text: String) throws { try self.init(Data(text.utf8)) }

    /// The message of the error that reading ends with.
    static func failure(_ content: Data) -> String {
        do {
            return "no failure, but \(try ReadRecords(content).records)"
        } catch {
            return "\(error)"
        }
    }

    static func failure(_ text: String) -> String { failure(Data(text.utf8)) }

    /// Content as `gzip` or `zstd` shrinks it; both are programs of every Debian that runs these tests.
    static func compressed(_ content: Data, by program: String) throws -> Data {
        let folder = TemporaryFolder()
        try folder.write(content, to: "content")
        try ProgramRun.output(of: ["sh", "-c", "\(program) -c < content > compressed"], in: folder.url)
        return try folder.data("compressed")
    }
}
