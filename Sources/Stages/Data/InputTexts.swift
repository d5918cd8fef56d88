import CanonicalJSON
import Engine
import Foundation
import Records

extension StageContext {
    /// Goes through the texts of an input, in the order of its files: a plain text as a whole, of records each one's `text`.
    ///
    /// - Parameter body: gets a text; where it gives `false`, nothing more is read.
    /// - Throws: `StageFailure` for a file that is neither UTF-8 nor holds records with `text`; what `body` throws.
    func forEachText(of input: String, _ body: (String) throws -> Bool) throws {
        for name in try files(below: input) {
            let file = IngestedFile(
                url: self.input(input, name), name: name, set: input, format: .text,
                scratch: outputs.deletingLastPathComponent())
            guard try file.forEachText(body) else { return }
        }
    }
}

extension IngestedFile {
    private struct Enough: Error {}

    /// - Returns: whether more is wanted.
    fileprivate func forEachText(_ body: (String) throws -> Bool) throws -> Bool {
        guard try PassageReader.hasRecords(self) else { return try body(plainText()) }
        do {
            try records.read { place, record in
                switch record {
                case .failure(let damage): throw StageFailure("\(place): \(damage)")
                case .success(let record):
                    guard let text = record["text"]?.string else { throw StageFailure("\(place): the record has no 'text'") }
                    guard try body(text) else { throw Enough() }
                }
            }
        } catch is Enough {
            return false
        } catch let error as RecordError {
            throw StageFailure("\(error)")
        }
        return true
    }

    private func plainText() throws -> String {
        guard let text = String(validating: try content(), as: UTF8.self) else { throw StageFailure("\(name) is not UTF-8") }
        return text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
    }
}
