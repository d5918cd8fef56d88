import Foundation
import Testing

@testable import Records

@Suite struct SeparatedValueTests {
    @Test(arguments: [",", ";", "\t"]) func theSeparatorIsFound(separator: String) throws {
        let text = ["id", "text", "label"].joined(separator: separator) + "\n" + ["1", "a", "b"].joined(separator: separator)
        let read = try ReadRecords(text)
        #expect(read.columns == ["id", "text", "label"])
        #expect(read.records == [["id": "1", "text": "a", "label": "b"]])
        #expect(read.form == "CSV")
    }

    @Test func quotedValuesHoldSeparatorsLineBreaksAndQuotes() throws {
        let read = try ReadRecords("text,label\n\"a, \"\"b\"\"\nc\r\n\nd\",x\n\"\",\"y\"\nplain \"quotes\" inside,z\n")
        #expect(
            read.records == [
                ["text": "a, \"b\"\nc\r\n\nd", "label": "x"], ["label": "y"],
                ["text": "plain \"quotes\" inside", "label": "z"],
            ])
    }

    @Test func byteOrderMarkCarriageReturnsAndEmptyLinesAreFine() throws {
        let read = try ReadRecords("\u{FEFF}text,label\r\n\r\na,b\r\n\n\"c\",d\r\ne,f")
        #expect(read.columns == ["text", "label"])
        #expect(read.records == [["text": "a", "label": "b"], ["text": "c", "label": "d"], ["text": "e", "label": "f"]])
    }

    @Test func aSingleColumnNeedsNoSeparator() throws {
        let read = try ReadRecords("text\none\n\"two, three\"\n")
        #expect(read.records == [["text": "one"], ["text": "two, three"]])
    }

    @Test func damagedLinesAreNamedAndPassed() throws {
        let read = try ReadRecords(
            Data("text,label,id\na,b\nc,d,e,f\n\"g\" h,i,j\nk,l,m\n".utf8) + Data([0x6E, 0x2C, 0xE9, 0x2C, 0x6F, 0x0A]))
        #expect(read.records == [["text": "k", "label": "l", "id": "m"]])
        #expect(read.damages.count == 4)
        #expect(read.damages[0].hasPrefix("rows, line 2: 2 values for 3 columns; 'id' is the first without one"))
        #expect(read.damages[1].hasPrefix("rows, line 3: 4 values for 3 columns; the first too many is 'f'"))
        #expect(read.damages[2].hasPrefix("rows, line 4: the column 'text': text stands behind the closing quote"))
        #expect(read.damages[3] == "rows, line 6: the column 'label' is not UTF-8; save the file in UTF-8")
    }

    @Test func aRecordIsNamedByTheLineThatItBeginsOn() throws {
        let read = try ReadRecords("text,label\n\"a\nb\",x\nc\n")
        #expect(read.damages.first?.hasPrefix("rows, line 4: 1 values for 2 columns") == true)
    }

    @Test func namesAreOneEach() throws {
        #expect(ReadRecords.failure("a,b,a\n1,2,3\n") == "rows, line 1: two columns have the name 'a'; rename one")
        #expect(try ReadRecords(",text\n0,a\n").records == [["column 1": "0", "text": "a"]])
    }

    @Test func aQuoteWithoutEndIsNamedByItsLine() {
        let failure = ReadRecords.failure("a,b\n1,2\n3,\"4\n5,6\n")
        #expect(failure == "rows, line 3: a quoted value has no closing quote up to the end of the file")
    }

    /// The time for a value of many lines grows with its length alone.
    @Test func longQuotedValuesAreReadOnce() throws {
        let lines = String(repeating: "\n", count: 2_000_000)
        #expect(try ReadRecords("a,b\n1,\"\(lines)\"\n").records.first?["b"]?.string?.utf8.count == 2_000_000)
    }
}
