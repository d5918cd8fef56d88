/// The transfer notation as it is written: `KD*[0.5FKL+0.5CE](steps: 500)+RL`, every part with its place.
///
///     notation = step { "+" step }
///     step     = word [ "*" ] [ "[" term { "+" term } "]" ] [ "(" option { "," option } ")" ]
///     term     = [ number ] word [ "(" number ")" ]
///     option   = word ":" value
struct TransferSyntax {
    struct Part {
        var text: String
        /// Bytes of the notation.
        var range: Range<Int>
    }

    struct Step {
        var method: Part
        var star: Part?
        /// Empty where there are no brackets.
        var terms: [Term] = []
        var brackets: Range<Int>?
        var options: [Option] = []
    }

    struct Term {
        var weight: Part?
        var loss: Part
        var argument: Part?
    }

    struct Option {
        var name: Part
        var value: Part
    }

    /// Where the notation cannot be read on.
    struct Failure: Error {
        var message: String
        var range: Range<Int>
        var help: String?
    }

    var steps: [Step]
}

/// Reads the transfer notation from left to right.
struct TransferParser {
    private let bytes: [UInt8]
    private var position = 0

    static func parse(_ text: String) throws(TransferSyntax.Failure) -> TransferSyntax {
        var parser = TransferParser(text)
        return try parser.notation()
    }

    /// The loss mixture alone: what stands in the brackets.
    static func parse(mixture: String) throws(TransferSyntax.Failure) -> [TransferSyntax.Term] {
        var parser = TransferParser(mixture)
        var terms = [try parser.term()]
        while parser.take("+") != nil { terms.append(try parser.term()) }
        parser.skipSpaces()
        if parser.position < parser.bytes.count { throw parser.failure("a '+' and another loss, or the end") }
        return terms
    }

    private init(_ text: String) { bytes = Array(text.utf8) }

    private mutating func notation() throws(TransferSyntax.Failure) -> TransferSyntax {
        var steps = [try step()]
        while take("+") != nil { steps.append(try step()) }
        if position < bytes.count { throw failure("a '+' and another step, or the end") }
        return TransferSyntax(steps: steps)
    }

    private mutating func step() throws(TransferSyntax.Failure) -> TransferSyntax.Step {
        var step = TransferSyntax.Step(method: try word("a step such as 'KD'"))
        step.star = take("*")
        if let open = take("[") {
            step.terms.append(try term())
            while take("+") != nil { step.terms.append(try term()) }
            let close = try expect("]")
            step.brackets = open.range.lowerBound..<close.range.upperBound
        }
        if take("(") != nil {
            step.options.append(try option())
            while take(",") != nil { step.options.append(try option()) }
            _ = try expect(")")
        }
        return step
    }

    private mutating func term() throws(TransferSyntax.Failure) -> TransferSyntax.Term {
        let weight = number()
        var term = TransferSyntax.Term(weight: weight, loss: try word("a loss such as 'FKL'"))
        if take("(") != nil {
            guard let argument = number() else { throw failure("a number such as 0.5") }
            term.argument = argument
            _ = try expect(")")
        }
        return term
    }

    private mutating func option() throws(TransferSyntax.Failure) -> TransferSyntax.Option {
        let name = try word("an option such as 'steps: 500'")
        _ = try expect(":")
        skipSpaces()
        let value = part { !Array(",()".utf8).contains($0) }
        let trimmed = value.text.reversed().drop { $0 == " " }.reversed()
        guard !trimmed.isEmpty else { throw failure("a value for '\(name.text)'") }
        let start = value.range.lowerBound
        return TransferSyntax.Option(
            name: name, value: .init(text: String(trimmed), range: start..<start + String(trimmed).utf8.count))
    }

    private mutating func word(_ wanted: String) throws(TransferSyntax.Failure) -> TransferSyntax.Part {
        skipSpaces()
        let word = part { ($0 | 0x20) >= UInt8(ascii: "a") && ($0 | 0x20) <= UInt8(ascii: "z") || $0 == UInt8(ascii: "_") }
        guard !word.text.isEmpty else { throw failure(wanted) }
        return word
    }

    private mutating func number() -> TransferSyntax.Part? {
        skipSpaces()
        let number = part { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") || $0 == UInt8(ascii: ".") }
        return number.text.isEmpty ? nil : number
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(TransferSyntax.Failure) -> TransferSyntax.Part {
        guard let part = take(character) else { throw failure("'\(character)'") }
        return part
    }

    private mutating func take(_ character: Unicode.Scalar) -> TransferSyntax.Part? {
        skipSpaces()
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return nil }
        position += 1
        return .init(text: String(character), range: position - 1..<position)
    }

    private mutating func part(while belongs: (UInt8) -> Bool) -> TransferSyntax.Part {
        let start = position
        while position < bytes.count, belongs(bytes[position]) { position += 1 }
        return .init(text: String(decoding: bytes[start..<position], as: UTF8.self), range: start..<position)
    }

    private mutating func skipSpaces() {
        while position < bytes.count, bytes[position] == UInt8(ascii: " ") { position += 1 }
    }

    private func failure(_ wanted: String) -> TransferSyntax.Failure {
        guard position < bytes.count else {
            return .init(message: "the transfer notation ends where \(wanted) should stand", range: position..<position)
        }
        var end = position + 1
        while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
        let found = String(decoding: bytes[position..<end], as: UTF8.self)
        return .init(message: "the transfer notation wants \(wanted), not '\(found)'", range: position..<end)
    }
}
