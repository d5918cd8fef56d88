import CanonicalJSON
import Diagnostics
import Engine
import Foundation

/// Reads the first rows of files as `data.ingest` will, goes on behind a mistake, and keeps each with its place.
struct RowSurvey {
    /// Of a file.
    private static let mostRows = 1000
    private static let mostFindings = 20

    private(set) var collected = IngestedRows()
    private(set) var findings: [Diagnostic] = []
    /// Whether every row has been read.
    private(set) var isWhole = true
    /// Of rows by their ids.
    private var places: [String: SourceSpan] = [:]

    mutating func read(_ files: [SurveyedFile]) {
        guard let format = files.first?.format else { return }
        guard let reader = format.reader as? any SingleRowReader.Type else { return readTogether(files) }
        for file in files {
            isWhole = isWhole && file.isWhole
            guard let source = file.text else { continue }
            if source.isInLines { readLines(of: source, file, reader) } else { readTogether([file]) }
        }
    }

    /// Lines are read one by one.
    private mutating func readLines(of source: SourceText, _ file: SurveyedFile, _ reader: any SingleRowReader.Type) {
        let earlier = findings.count
        var count = 0
        for line in source.lines where !line.text.isBlank {
            guard findings.count - earlier < Self.mostFindings else {
                findings.warn("too-many-problems", "from here on, the file was not looked into", at: line.span)
                return
            }
            guard count < Self.mostRows else {
                isWhole = false
                return
            }
            count += 1
            let place = "\(file.url.lastPathComponent), line \(line.number)"
            let known = collected.rows.count
            do {
                try reader.read(JSON(parsingAsWritten: line.text), set: file.set, place: place, into: &collected)
                for row in collected.rows[known...] { places[row.id] = line.span }
            } catch let error as JSONError {
                let start = line.span.start + min(max(error.offset, 0), max(line.text.count - 1, 0))
                findings.report(
                    "bad-json", "this is not JSON: \(error.reason)", at: source.span(start..<start + 1),
                    help: "write one JSON object on each line")
            } catch {
                findings.report(
                    "bad-row", "\(error)".withoutPlace(place), at: line.span, help: "fix the row or remove it")
            }
        }
    }

    /// Containers, and formats whose files belong together: the first mistake ends the reading.
    private mutating func readTogether(_ files: [SurveyedFile]) {
        guard let first = files.first else { return }
        guard files.allSatisfy(\.isWhole) else {
            isWhole = false
            return
        }
        let inputs = files.map {
            IngestedFile(url: $0.url, name: $0.url.lastPathComponent, set: $0.set, format: $0.format)
        }
        do {
            try first.format.reader.read(inputs, into: &collected)
        } catch {
            let words = "\(error)"
            let file = files.first { words.hasPrefix($0.url.lastPathComponent) } ?? first
            let place = RowPlace(words)
            let source = file.text ?? SourceText(path: file.path, text: "")
            let line = place?.line.flatMap { number in source.lines.first { $0.number == number } }
            findings.report(
                "bad-row", (place?.words ?? words).withoutPlace(file.url.lastPathComponent),
                at: line?.span ?? source.span(0..<0), help: "fix the row or remove it")
        }
    }

    /// Answers that the rules of `ast` reject: no model can be right there.
    mutating func checkAnswers() {
        for row in collected.rows where !row.answers.isEmpty {
            let verdict = AnswerJudge.ast.verdict(on: row.answers, for: row, functions: collected.functions)
            guard case .rejected(let reason) = verdict, let place = places[row.id] else { continue }
            findings.warn(
                "bad-answer", "the answer does not fit the row's functions: \(reason)", at: place,
                help: "fix the answer or the function; this row counts as wrong whatever a model says")
            if findings.count >= Self.mostFindings { return }
        }
    }
}

extension SourceText {
    /// Whether it holds a JSON object on each line, or nothing.
    fileprivate var isInLines: Bool {
        guard let first = bytes.first(where: { !" \n\r\t".utf8.contains($0) }) else { return true }
        return first == UInt8(ascii: "{")
    }

    fileprivate var lines: some Sequence<(number: Int, text: ArraySlice<UInt8>, span: SourceSpan)> {
        let bytes = bytes
        return sequence(state: (start: 0, number: 0)) { place in
            guard place.start < bytes.count else { return nil }
            let range = place.start..<(bytes[place.start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count)
            place = (range.upperBound + 1, place.number + 1)
            return (number: place.number, text: bytes[range], span: self.span(range))
        }
    }
}

/// The line that a message begins with: `rows.jsonl, line 3: …`.
private struct RowPlace {
    /// `nil` where rows are numbered instead.
    var line: Int?
    var words: String

    init?(_ message: String) {
        guard let match = message.wholeMatch(of: /[^:]*, (line|row) ([0-9]{1,12}): ((?:.|\n)*)/) else { return nil }
        line = match.1 == "line" ? Int(match.2) : nil
        words = match.1 == "line" ? String(match.3) : "row \(match.2): \(match.3)"
    }
}

extension String {
    /// A diagnostic says the place itself.
    fileprivate func withoutPlace(_ place: String) -> String {
        hasPrefix(place + ": ") ? String(dropFirst(place.count + 2)) : self
    }
}
