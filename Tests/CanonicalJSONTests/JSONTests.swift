import CanonicalJSON
import Testing

@Suite struct JSONTests {
    @Test func canonicalBytesAreSortedCompactAndShortest() throws {
        let value = try JSON(parsing: #" {"b": [1, 1.0, 0.20, -3e2], "a": {"é": "x\n\u0007\u00e9😀", "Z": null}} "#)
        #expect(value.canonicalText == #"{"a":{"Z":null,"é":"x\n\u0007é😀"},"b":[1,1,0.2,-300]}"#)
    }

    @Test func prettyTextParsesBackToTheSameValue() throws {
        let value: JSON = ["list": [1, 2.5, [:], []], "text": "tab\there", "none": nil, "yes": true]
        #expect(try JSON(parsing: value.prettyText) == value)
    }

    @Test func numbersMayStayAsTheyAreWritten() throws {
        let text = #"{"a":[5,5.0,5e0,-0.0,0.25,9223372036854775807,0.10,1E5]}"#
        let written = try JSON(parsingAsWritten: text.utf8)
        let decimals = [JSON.decimal("0.10"), .decimal("1E5")]
        #expect(written == ["a": .array([5, .real(5), .decimal("5e0"), .real(0), 0.25, .integer(.max)] + decimals)])
        #expect(written.canonicalText == text)
        #expect(try written.canonical == JSON(parsing: text))
        #expect(throws: JSONError.self) { try JSON(parsingAsWritten: "[5.]".utf8) }
    }

    /// Numbers that no double tells from others keep their digits in the canonical value too.
    @Test(arguments: ["12345678901234567890", "-9223372036854775809", "1e400", "-1.5E-999", "123456789012345678901234567890"])
    func numbersBeyondTheTypesKeepTheirDigits(text: String) throws {
        let written = try JSON(parsingAsWritten: text.utf8)
        #expect(written == .decimal(text) && written.canonical == written && written.canonicalText == text)
        #expect(try JSON(parsingAsWritten: written.canonicalBytes) == written)
        #expect(written.isInteger == !text.lowercased().contains("e"))
    }

    @Test(arguments: [("-0", 0), ("0e999", 0), ("1e2", 100), ("0.50", 0.5), ("1.0", 1)] as [(String, JSON)])
    func numbersHaveTheirUsualValue(text: String, value: JSON) throws {
        let written = try JSON(parsingAsWritten: text.utf8)
        #expect(written.canonicalText == text && written.canonical == value)
    }

    @Test func objectsMayKeepTheirOrder() throws {
        let text = #"{"b":1,"a":{"d":[{"z":0,"y":1.50}],"c":{}},"é":null}"#
        let written = try JSON(parsingAsWritten: text.utf8)
        #expect(written.writtenText == text)
        #expect(written.canonicalText == #"{"a":{"c":{},"d":[{"y":1.50,"z":0}]},"b":1,"é":null}"#)
        #expect(try written == JSON(parsingAsWritten: written.canonicalBytes))
        #expect(written.filterMembers { key, _ in key != "b" }.mapMembers { _, _ in 1 }.writtenText == #"{"a":1,"é":1}"#)
        #expect(try JSON(parsing: text).writtenText == JSON(parsing: text).canonicalText)
        #expect(JSON.object(inOrder: [("b", 1), ("a", 2), ("b", 3)]).writtenText == #"{"b":3,"a":2}"#)
    }

    @Test func surrogatePairsBecomeOneScalar() throws {
        #expect(try JSON(parsing: #""\ud83d\ude00""#) == "😀")
    }

    @Test(arguments: [
        (#"{"a":1,"a":2}"#, "the key 'a' stands twice in one object", 1, 8),
        ("[1,\n 02]", "a number does not start with 0", 2, 4),
        ("[1,", "the text ends where a value should stand", 1, 4),
        ("1 2", "text after the end of the value", 1, 3),
        ("\"\u{1}\"", "a control character stands in a string; write it as \\u00XX", 1, 2),
        (#""\ud800""#, "half a surrogate pair", 1, 8),
        ("1e999", "the number 1e999 is out of range", 1, 1),
        ("\"open", "this string has no closing quote", 1, 1),
        ("tru", "expected 'true'", 1, 1),
    ])
    func malformedTextIsRefusedWithItsPlace(text: String, reason: String, line: Int, column: Int) {
        #expect {
            try JSON(parsing: text)
        } throws: { error in
            guard let error = error as? JSONError else { return false }
            return error.reason == reason && error.line == line && error.column == column
        }
    }

    @Test func nestingIsBounded() {
        let text = String(repeating: "[", count: 100_000)
        #expect(throws: JSONError.self) { try JSON(parsing: text) }
    }

    @Test func everyPrefixAndEveryDamagedByteIsRefusedOrParsedWithoutACrash() throws {
        let text = Array(#"{"name":"set","arguments":{"n":-1.5e3,"list":[true,null,"\u00e9"]}}"#.utf8)
        for length in 0..<text.count { #expect(throws: JSONError.self) { try JSON(parsing: text[..<length]) } }
        for position in text.indices {
            for byte in [0x00, 0x22, 0x5C, 0x7B, 0xFF] as [UInt8] {
                var damaged = text
                damaged[position] = byte
                if let value = try? JSON(parsing: damaged) { #expect(try JSON(parsing: value.canonicalBytes) == value) }
            }
        }
    }

    @Test func codableValuesComeBackEqual() throws {
        struct Parameters: Codable, Equatable {
            var ratio: Double
            var names: [String]
            var limit: Int?
        }
        let parameters = Parameters(ratio: 0.2, names: ["test"], limit: nil)
        let json = try JSON(encoding: parameters)
        #expect(json.canonicalText == #"{"names":["test"],"ratio":0.2}"#)
        #expect(try json.decode(Parameters.self) == parameters)
    }
}
