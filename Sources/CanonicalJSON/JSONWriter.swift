extension JSON {
    /// The canonical bytes: no white space, keys sorted by UTF-8 bytes, shortest round-trip numbers, only the escapes that
    /// JSON demands.
    package var canonicalBytes: [UInt8] {
        var writer = JSONWriter()
        writer.write(self, depth: 0)
        return writer.bytes
    }

    /// The value without white space, the members of objects in the order that they were written in. An object whose order is
    /// not known has the canonical one.
    package var writtenBytes: [UInt8] {
        var writer = JSONWriter(keepsOrder: true)
        writer.write(self, depth: 0)
        return writer.bytes
    }

    package var writtenText: String { String(decoding: writtenBytes, as: UTF8.self) }

    package var canonicalText: String { String(decoding: canonicalBytes, as: UTF8.self) }

    /// Appends a string in its canonical spelling, quotes included.
    package static func appendCanonical(_ string: String, to bytes: inout [UInt8]) {
        var writer = JSONWriter()
        swap(&writer.bytes, &bytes)
        writer.writeString(string)
        swap(&writer.bytes, &bytes)
    }

    /// The same value and key order with two-space indentation and a final newline, for files that people read.
    package var prettyText: String {
        var writer = JSONWriter(indentation: 2)
        writer.write(self, depth: 0)
        return String(decoding: writer.bytes, as: UTF8.self) + "\n"
    }
}

private struct JSONWriter {
    var indentation: Int?
    var keepsOrder = false
    var bytes: [UInt8] = []

    init(indentation: Int? = nil, keepsOrder: Bool = false) { (self.indentation, self.keepsOrder) = (indentation, keepsOrder) }

    mutating func write(_ value: JSON, depth: Int) {
        switch value {
        case .null: append("null")
        case .bool(let value): append(value ? "true" : "false")
        case .integer(let value): append(String(value))
        case .real(let value): append(value.description)
        case .decimal(let text): append(text)
        case .string(let value): writeString(value)
        case .array(let elements):
            writeList(elements, brackets: (UInt8(ascii: "["), UInt8(ascii: "]")), depth: depth) { writer, element in
                writer.write(element, depth: depth + 1)
            }
        case .object(let object):
            let members = keepsOrder ? object.written : object.sorted
            writeList(members, brackets: (UInt8(ascii: "{"), UInt8(ascii: "}")), depth: depth) { writer, member in
                writer.writeString(member.key)
                writer.bytes.append(UInt8(ascii: ":"))
                if writer.indentation != nil { writer.bytes.append(UInt8(ascii: " ")) }
                writer.write(member.value, depth: depth + 1)
            }
        }
    }

    private mutating func writeList<Element>(
        _ elements: [Element], brackets: (UInt8, UInt8), depth: Int,
        writeElement: (inout JSONWriter, Element) -> Void
    ) {
        bytes.append(brackets.0)
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            breakLine(depth: depth + 1)
            writeElement(&self, element)
        }
        if !elements.isEmpty { breakLine(depth: depth) }
        bytes.append(brackets.1)
    }

    private mutating func breakLine(depth: Int) {
        guard let indentation else { return }
        append("\n")
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: depth * indentation))
    }

    mutating func writeString(_ string: String) {
        bytes.append(UInt8(ascii: "\""))
        defer { bytes.append(UInt8(ascii: "\"")) }
        // Most strings need no escapes: they are written as they stand.
        let isPlain: Bool? = string.utf8.withContiguousStorageIfAvailable { utf8 in
            guard utf8.allSatisfy({ $0 != 0x22 && $0 != 0x5C && $0 >= 0x20 }) else { return false }
            bytes.append(contentsOf: utf8)
            return true
        }
        if isPlain == true { return }
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case UInt8(ascii: "\n"): append("\\n")
            case UInt8(ascii: "\r"): append("\\r")
            case UInt8(ascii: "\t"): append("\\t")
            case 0..<0x20:
                append("\\u00")
                append(byte < 16 ? "0" : "1")
                append(String(byte % 16, radix: 16))
            default: bytes.append(byte)
            }
        }
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
}
