import Diagnostics
import Foundation
import Records
import Words

/// A file of rows that can be looked into before anything runs.
package struct SurveyedFile: Sendable {
    package var url: URL
    /// As diagnostics show it.
    package var path: String
    /// The set that it is named under.
    package var set: String
    package var format: RowFormat
    /// The file's names for members that the format calls otherwise.
    package var columns: [String: String]
    /// The function that rows of `spans` call; empty where they are no calls.
    package var calls: String

    /// Whether what it says is right is dropped.
    package var isUnlabelled: Bool

    package init(
        url: URL, path: String, set: String, format: RowFormat, columns: [String: String], calls: String = "",
        isUnlabelled: Bool = false
    ) {
        (self.url, self.path, self.set, self.format, self.columns) = (url, path, set, format, columns)
        (self.calls, self.isUnlabelled) = (calls, isUnlabelled)
    }

    var ingested: IngestedFile {
        IngestedFile(
            url: url, name: path, set: set, format: format, columns: columns, calls: calls, isUnlabelled: isUnlabelled)
    }

    /// Whether all of it is read quickly, which formats want whose files make sense only then.
    func isSmall(_ limits: SurveyLimits) -> Bool {
        let size = (try? url.resourceValues(forKeys: [.fileSizeKey]))?.fileSize ?? .max
        return size <= limits.bytes && (try? ingested.records.form())?.compression == nil
    }

    /// The beginning, where it is plain text.
    fileprivate var text: SourceText {
        guard let form = try? ingested.records.form(), form.container.isText, form.compression == nil,
            let bytes = try? FileHandle(forReadingFrom: url).read(upToCount: SurveyLimits().bytes)
        else { return SourceText(withoutLines: path) }
        return SourceText(path: path, bytes: bytes)
    }
}

/// Finds the places of faults in their files.
struct FaultPlaces {
    private let files: [SurveyedFile]
    private var texts: [String: SourceText] = [:]

    init(in files: [SurveyedFile]) { self.files = files }

    /// - Parameter help: what to do about it.
    mutating func diagnostic(
        _ code: String, _ fault: RowFault, _ severity: Diagnostic.Severity = .error, help: String? = nil
    ) -> Diagnostic {
        let (place, reason) = placed(fault)
        // Rows of a list or a table of columns have no lines.
        let isLine = place.unit == .line || place.number == 0
        let text = isLine ? text(of: place.file) : SourceText(withoutLines: place.file)
        var span = text.span(0..<0)
        var unit = ""
        if place.number > 0, text.hasLines {
            let line = text.line(place.number)
            span = fault.offset.map { text.span(line.start + $0..<line.start + $0 + 1) } ?? line
        } else if place.number > 0 {
            unit = "\(place.unit.rawValue) \(place.number): "
        }
        return Diagnostic(severity, code: code, unit + reason, at: span, help: help)
    }

    /// The place that a fault has, or that its reason begins with: `rows.jsonl, line 3: …`.
    private func placed(_ fault: RowFault) -> (place: RecordPlace, reason: String) {
        if let place = fault.place { return (place, fault.reason) }
        let named = files.filter { fault.reason.hasPrefix($0.path) }.max { $0.path.utf8.count < $1.path.utf8.count }
        let path = named?.path ?? files.first?.path ?? ""
        let rest = named == nil ? fault.reason : String(fault.reason.dropFirst(path.count))
        guard let match = rest.wholeMatch(of: /(?:, (line|row) ([0-9]{1,12}))?: ((?:.|\n)*)/) else {
            return (RecordPlace(file: path), fault.reason)
        }
        let unit = match.1.flatMap { RecordPlace.Unit(rawValue: String($0)) } ?? .row
        return (RecordPlace(file: path, unit, match.2.flatMap { Int($0) } ?? 0), String(match.3))
    }

    private mutating func text(of path: String) -> SourceText {
        if let known = texts[path] { return known }
        let text = files.first { $0.path == path }?.text ?? SourceText(withoutLines: path)
        texts[path] = text
        return text
    }
}
