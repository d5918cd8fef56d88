import CanonicalJSON
import Foundation
import Testing

@testable import Records

@Suite struct JSONContainerTests {
    @Test(arguments: [
        #"[{"a":1},{"a":2}]"#, "[\n  {\n    \"a\": 1\n  },\n  {\n    \"a\": 2\n  }\n]\n",
        "\u{FEFF} [ {\"a\":1} , {\"a\":2} ] \n",
    ])
    func aListIsRead(text: String) throws {
        let read = try ReadRecords(text)
        #expect(read.records == [["a": 1], ["a": 2]])
        #expect(read.form == "a JSON list")
    }

    @Test func bracketsInStringsEndNothing() throws {
        let text = #"[{"a":"],}\"","b":[[],{"c":"\\"}]},[],"x,]",3]"#
        #expect(try ReadRecords(text).records == [["a": "],}\"", "b": [[], ["c": "\\"]]], [], "x,]", 3])
        #expect(try ReadRecords("[]").records == [])
    }

    /// A list is read piece by piece: its elements lie across the borders of what is read at once.
    @Test func longListsAreRead() throws {
        let elements = (0..<20_000).map { #"{"number": \#($0), "text": "\#(String(repeating: "é]", count: $0 % 50))"}"# }
        let read = try ReadRecords("[" + elements.joined(separator: ",\n") + "]")
        #expect(read.records.count == 20_000)
        #expect(read.records.last?["number"] == 19_999)
    }

    @Test(arguments: [
        ("[{\"a\":1},\n{\"a\" 2}]", "rows, line 2: not JSON: expected ':' after a key (column 6)"),
        ("[{\"a\":1}\n", "rows, line 1: the list has no end"), ("[{\"a\":1},\n", "rows, line 2: not JSON: the text ends"),
        ("[{\"a\":\"", "rows, line 1: not JSON: this string has no closing quote"),
        ("[{\"a\":1}]\nx", "rows, line 2: text after the end of the list"), ("[,]", "not JSON"),
        ("[{\"a\":1}}", "rows, line 1"),
    ])
    func damagedListsAreNamed(text: String, message: String) {
        #expect(ReadRecords.failure(text).contains(message), "\(ReadRecords.failure(text))")
    }

    @Test func linesAreRead() throws {
        let read = try ReadRecords("\u{FEFF}{\"a\":1}\r\n\n  \t\n{\"a\":2}\n{\"a\":}\n{\"a\":3}")
        #expect(read.records == [["a": 1], ["a": 2], ["a": 3]])
        #expect(read.damages == ["rows, line 5: not JSON: no JSON value starts with this character (column 6)"])
        #expect(read.form == "JSON lines")
        #expect(try ReadRecords("").records == [])
    }

    @Test func absurdRecordsAreRefused() {
        let failure = ReadRecords.failure("{\"a\":\"" + String(repeating: "x", count: 65 << 20))
        #expect(failure == "rows: a record has more than 64 MiB; is this a file of rows?")
    }
}
