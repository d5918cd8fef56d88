import CanonicalJSON

/// Values between commas, semicolons or tabs, in the quoting of RFC 4180: a line of names, then a record on each line. A quoted
/// value may hold separators, line breaks, and quotes that are doubled. Every value is a text; an empty one is no member.
struct SeparatedValues {
    private let stream: ByteStream
    private let file: String
    /// The number of the line that was read last.
    private var line = 0
    private var scanner: ValueScanner

    init(_ stream: ByteStream, file: String) {
        (self.stream, self.file) = (stream, file)
        scanner = ValueScanner(separator: Self.separator(of: stream.ahead))
    }

    mutating func forEach(
        columns: ([String]) throws -> Void, record: (RecordPlace, Result<JSON, DamagedRecord>) throws -> Void
    ) throws {
        guard let header = try next() else { return }
        let names = try names(header)
        try columns(names)
        while let place = try next() {
            let result: Result<JSON, DamagedRecord>
            do throws(DamagedRecord) {
                result = .success(try scanner.record(names))
            } catch {
                result = .failure(error)
            }
            try record(place, result)
        }
    }

    /// The separators that are known; the first where a header has none.
    private static let separators = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")]

    /// The one that stands most often outside quotes on the first line.
    private static func separator(of head: UnsafeRawBufferPointer) -> UInt8 {
        var isQuoted = false
        var counts = [Int](repeating: 0, count: separators.count)
        for byte in head {
            if byte == ValueScanner.quote { isQuoted.toggle() }
            if isQuoted { continue }
            if byte == 0x0A, counts.contains(where: { $0 > 0 }) { break }
            if let index = separators.firstIndex(of: byte) { counts[index] += 1 }
        }
        return separators[counts.firstIndex(of: counts.max() ?? 0) ?? 0]
    }

    /// Scans the next record; `nil` at the end. Empty lines are passed.
    private mutating func next() throws -> RecordPlace? {
        var text = try stream.nextLine()
        line += 1
        while let empty = text, empty.isEmpty || empty.elementsEqual([0x0D]) {
            text = try stream.nextLine()
            line += 1
        }
        guard let text else { return nil }
        let place = RecordPlace(file: file, .line, line)
        scanner.begin()
        scanner.scan(text)
        while scanner.isOpen {
            guard scanner.size < ByteStream.mostBytes else {
                let most = ByteStream.mostBytes >> 20
                throw RecordError(place, "a quoted value goes on for more than \(most) MiB; is its closing quote missing?")
            }
            guard let more = try stream.nextLine() else {
                throw RecordError(place, "a quoted value has no closing quote up to the end of the file")
            }
            line += 1
            scanner.scan(more)
        }
        return place
    }

    /// The names in the first line. A column without one is `column 3`.
    private func names(_ place: RecordPlace) throws -> [String] {
        let values: [String]
        do throws(DamagedRecord) {
            values = try scanner.texts(names: [])
        } catch {
            throw RecordError(place, "\(error)")
        }
        let names = values.enumerated().map { $1.isEmpty ? "column \($0 + 1)" : $1 }
        var seen: Set<String> = []
        if let twice = names.first(where: { !seen.insert($0).inserted }) {
            throw RecordError(place, "two columns have the name '\(twice)'; rename one")
        }
        return names
    }
}

/// Takes a record apart, line by line while a quoted value is open.
private struct ValueScanner {
    static let quote = UInt8(ascii: "\"")

    private enum State { case atStart, plain, quoted, afterQuote }

    let separator: UInt8
    private var state = State.atStart
    /// The values one behind the other, and where each ends.
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    /// The value, counted from 0, that goes on behind its closing quote.
    private var faulty: Int?

    init(separator: UInt8) { self.separator = separator }

    var isOpen: Bool { state == .quoted }
    var size: Int { bytes.count }

    mutating func begin() {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        (state, faulty) = (.atStart, nil)
    }

    /// - Parameter line: without its line feed.
    mutating func scan(_ line: UnsafeRawBufferPointer) {
        if isOpen { bytes.append(0x0A) }
        for (index, byte) in line.enumerated() {
            switch state {
            case .atStart where byte == Self.quote: state = .quoted
            case .quoted where byte == Self.quote: state = .afterQuote
            case .quoted: bytes.append(byte)
            case .afterQuote where byte == Self.quote:
                bytes.append(byte)
                state = .quoted
            case _ where byte == separator:
                ends.append(bytes.count)
                state = .atStart
            // The carriage return of a line break.
            case _ where byte == 0x0D && index == line.count - 1: break
            case .afterQuote:
                faulty = faulty ?? ends.count
                bytes.append(byte)
                state = .plain
            case .atStart, .plain:
                bytes.append(byte)
                state = .plain
            }
        }
        if !isOpen { ends.append(bytes.count) }
    }

    /// - Parameter names: the columns', for errors.
    func texts(names: [String]) throws(DamagedRecord) -> [String] {
        func name(_ index: Int) -> String {
            names.indices.contains(index) ? "the column '\(names[index])'" : "column \(index + 1)"
        }
        if let faulty {
            throw DamagedRecord("\(name(faulty)): text stands behind the closing quote; double a quote in a value")
        }
        var texts: [String] = []
        texts.reserveCapacity(ends.count)
        var start = 0
        for end in ends {
            guard let text = String(validating: bytes[start..<end], as: UTF8.self) else {
                throw DamagedRecord("\(name(texts.count)) is not UTF-8; save the file in UTF-8")
            }
            texts.append(text)
            start = end
        }
        return texts
    }

    func record(_ names: [String]) throws(DamagedRecord) -> JSON {
        let values = try texts(names: names)
        guard values.count == names.count else {
            let more =
                values.count < names.count
                ? "; '\(names[values.count])' is the first without one" : "; the first too many is '\(values[names.count])'"
            throw DamagedRecord(
                "\(values.count) values for \(names.count) columns\(more); a value with a separator or a line break stands in "
                    + "quotes")
        }
        var members: [String: JSON] = [:]
        for (name, value) in zip(names, values) where !value.isEmpty { members[name] = .string(value) }
        return .object(members)
    }
}
