import Foundation
import Testing

@testable import Records

/// Containers are told by content, and what is none is refused by name.
@Suite struct ContainerTests {
    @Test(arguments: [
        ("{", Container.jsonLines), ("\n \t[", .jsonList), ("a,b", .separated), ("\"a\",\"b\"", .separated), ("", .jsonLines),
        ("PAR1\0", .parquet), ("ARROW1\0\0", .arrowFile),
    ])
    func contentTells(head: String, container: Container) throws {
        #expect(try Container(head: Array(head.utf8), name: "rows") == container)
    }

    @Test func anArrowStreamBeginsWithItsMark() throws {
        #expect(try Container(head: [0xFF, 0xFF, 0xFF, 0xFF, 0x10, 0, 0, 0], name: "rows") == .arrowStream)
    }

    static let utf16 = "a,b\n1,2\n".utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }

    @Test(
        arguments: [
            ([0xFF, 0xFE] + utf16, "rows is text in UTF-16: save it in UTF-8"),
            (utf16, "rows is text in UTF-16: save it in UTF-8"),
            ([0xFE, 0xFF, 0, 0x61], "UTF-16"), (Array("PK\u{3}\u{4}…".utf8), "rows is a zip archive"),
            (Array("version https://git-lfs.github.com/spec/v1\n".utf8), "rows is a pointer of Git LFS: fetch the file itself"),
            (Array("<!DOCTYPE html>".utf8), "rows is HTML or XML"),
            (Array("SQLite format 3\0".utf8), "rows is an SQLite database"),
            (Array(repeating: 7, count: 100) + [0], "rows is no file of rows: JSON lines, a JSON list, CSV, Parquet and Arrow"),
        ] as [([UInt8], String)])
    func otherFilesAreRefusedByName(content: [UInt8], message: String) {
        #expect(ReadRecords.failure(Data(content)).hasPrefix(message) || ReadRecords.failure(Data(content)).contains(message))
    }
}
