import Archives
import Foundation
import TestSupport
import Testing

@testable import Records

@Suite struct CompressionTests {
    static let texts = [
        ("JSON lines", "{\"a\":\"1\"}\n{\"a\":\"2\"}\n"), ("a JSON list", "[{\"a\":\"1\"},{\"a\":\"2\"}]"),
        ("CSV", "a\n1\n2\n"),
    ]

    @Test(arguments: texts, ["gzip", "zstd"]) func everyContainerMayBeCompressed(text: (String, String), by: String) throws {
        let read = try ReadRecords(ReadRecords.compressed(Data(text.1.utf8), by: by))
        #expect(read.records == [["a": "1"], ["a": "2"]])
        #expect(read.form == "\(text.0) in \(by)")
    }

    @Test(arguments: ["gzip", "zstd"]) func severalMembersAreOneFile(by: String) throws {
        let parts = try ["a,b\n1,", "2\n3,4\n"].map { try ReadRecords.compressed(Data($0.utf8), by: by) }
        #expect(try ReadRecords(parts[0] + parts[1]).records == [["a": "1", "b": "2"], ["a": "3", "b": "4"]])
    }

    @Test(arguments: ["gzip", "zstd"]) func damageIsNamed(by: String) throws {
        let text = (0..<5000).map { "{\"a\":\($0 * 7919 % 10007)}\n" }.joined()
        let whole = try ReadRecords.compressed(Data(text.utf8), by: by)
        for cut in [1, 9, 100] {
            let failure = ReadRecords.failure(whole.dropLast(cut))
            #expect(failure.hasPrefix("rows cannot be read as \(by): "), "\(failure)")
        }
        var changed = whole
        changed[changed.count / 2] ^= 0xFF
        #expect(ReadRecords.failure(changed).contains("rows"), "\(ReadRecords.failure(changed))")
        #expect(!ReadRecords.failure(changed).hasPrefix("no failure"))
    }

    /// A checksum tells what can be expanded and is wrong all the same.
    @Test func aWrongChecksumIsNamed() throws {
        var content = try ReadRecords.compressed(Data("{\"a\":1}\n".utf8), by: "gzip")
        content[content.count - 6] ^= 1
        #expect(ReadRecords.failure(content) == "rows cannot be read as gzip: incorrect data check")
    }

    @Test(arguments: ["gzip", "zstd"]) func bombsAreRefused(by: String) throws {
        let folder = TemporaryFolder()
        try folder.write(ReadRecords.compressed(Data(count: 8 << 20), by: by), to: "bomb")
        let limits = Archive.Limits(ratio: 10, freeBytes: 1 << 20)
        let error = #expect(throws: ArchiveError.self) {
            try RecordFile(folder.file("bomb"), named: "bomb", limits: limits).content()
        }
        #expect(error?.description == "bomb expands to more than 10 times its own size, the limit for an archive")
    }
}
