import CanonicalJSON

/// One JSON list of objects, however it is laid out. Elements are read one by one: the list need not fit in memory.
struct JSONList {
    private let stream: ByteStream
    private let file: String

    init(_ stream: ByteStream, file: String) { (self.stream, self.file) = (stream, file) }

    func forEach(_ record: (RecordPlace, Result<JSON, DamagedRecord>) throws -> Void) throws {
        var line = 1
        try skipSpace(&line)
        stream.take(1)
        var number = 0
        while true {
            try skipSpace(&line)
            if number == 0, stream.ahead.first == UInt8(ascii: "]") { break }
            number += 1
            let element = try parsedElement(line: line)
            try record(RecordPlace(file: file, .row, number), .success(element.value))
            line += element.lines
            if stream.ahead.first == UInt8(ascii: "]") { break }
            stream.take(1)
        }
        stream.take(1)
        try skipSpace(&line)
        if !stream.ahead.isEmpty { throw error(line, "text after the end of the list") }
    }

    private func skipSpace(_ line: inout Int) throws {
        while try stream.has(1), let byte = stream.ahead.first, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            if byte == 0x0A { line += 1 }
            stream.take(1)
        }
    }

    /// Takes an element, up to the comma or bracket behind it. Damage inside cannot be told from damage of the list.
    private func parsedElement(line: Int) throws -> (value: JSON, lines: Int) {
        var end = ElementEnd()
        var length = 0
        while true {
            if let found = end.find(in: stream.ahead, from: length) {
                length = found
                break
            }
            length = stream.ahead.count
            if try !stream.readMore() { break }
        }
        let element = UnsafeRawBufferPointer(rebasing: stream.ahead[..<length])
        let value: JSON
        do throws(JSONError) {
            value = try JSON(parsingAsWritten: element)
        } catch {
            throw self.error(line + error.line - 1, "not JSON: \(error.reason) (column \(error.column))")
        }
        guard length < stream.ahead.count else { throw error(line, "the list has no end; fetch or write the file again") }
        let lines = element.count { $0 == 0x0A }
        stream.take(length)
        return (value, lines)
    }

    private func error(_ line: Int, _ reason: String) -> RecordError {
        RecordError(RecordPlace(file: file, .line, line), reason)
    }
}

/// Finds the end of a list's element: the first comma or closing bracket outside strings and inner brackets.
private struct ElementEnd {
    private var depth = 0
    private var isInString = false
    private var isEscaped = false

    /// Goes on with bytes that were not seen before; `nil` where the end is not among them.
    mutating func find(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        for index in start..<bytes.count {
            let byte = bytes[index]
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"):
                if depth == 0 { return index }
                if byte != UInt8(ascii: ",") { depth -= 1 }
            default: break
            }
        }
        return nil
    }
}
