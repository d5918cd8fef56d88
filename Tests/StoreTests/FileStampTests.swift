import BuildModel
import Foundation
import TestSupport
import Testing

@testable import Store

/// A source is what its bytes are: no time stamp stands in for them where it could be wrong.
@Suite struct FileStampTests {
    /// More than is hashed each time.
    private static func content(_ byte: UInt8) -> Data { Data(repeating: byte, count: 2 << 20) }

    private func setTimes(of path: String) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1_700_000_000)], ofItemAtPath: path)
    }

    /// Size, time of modification and inode are equal, as where an archive is unpacked over another release.
    @Test func otherBytesUnderTheSameTimesAreAnotherFile() throws {
        let fixture = try StoreFixture()
        let path = fixture.root.appending(path: "rows.bin").path
        #expect(FileManager.default.createFile(atPath: path, contents: Self.content(1)))
        try setTimes(of: path)
        let before = try #require(FileStamp(path: path))
        try fixture.store.index.remember(before, digest: Digest(hashing: Self.content(1)))
        #expect(try fixture.store.index.digest(of: before) == Digest(hashing: Self.content(1)))
        usleep(20_000)
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        try file.write(contentsOf: Self.content(2))
        try file.close()
        try setTimes(of: path)
        let after = try #require(FileStamp(path: path))
        #expect([after.size, after.modified, after.inode] == [before.size, before.modified, before.inode])
        #expect(after != before)
        #expect(try fixture.store.index.digest(of: after) == nil)
        #expect(try fixture.store.digest(ofFileAt: path) == Digest(hashing: Self.content(2)))
    }

    @Test func everyPartOfAStampCounts() throws {
        let fixture = try StoreFixture()
        let path = fixture.root.appending(path: "rows.bin").path
        #expect(FileManager.default.createFile(atPath: path, contents: Self.content(1)))
        let stamp = try #require(FileStamp(path: path))
        try fixture.store.index.remember(stamp, digest: Digest(hashing: "x"))
        for part in [\FileStamp.size, \.modified, \.changed, \.inode, \.device] {
            var other = stamp
            other[keyPath: part] += 1
            #expect(try fixture.store.index.digest(of: other) == nil)
        }
    }

    @Test func smallFilesAndFreshOnesAreAlwaysHashed() throws {
        let fixture = try StoreFixture()
        let path = fixture.root.appending(path: "rows.bin").path
        #expect(FileManager.default.createFile(atPath: path, contents: Self.content(1)))
        try setTimes(of: path)
        var stamp = try #require(FileStamp(path: path))
        #expect(!stamp.isTrusted, "it changed just now, whatever its time of modification says")
        let now = Int64(Date().timeIntervalSince1970) * 1_000_000_000
        stamp.changed = now - 120_000_000_000
        #expect(stamp.isTrusted)
        stamp.modified = now + 3_600_000_000_000
        #expect(!stamp.isTrusted, "a time in the future says nothing")
        stamp.modified = stamp.changed
        stamp.size = 1 << 20
        #expect(!stamp.isTrusted, "hashing a small file costs nothing")
    }

    /// Not every file system keeps times of its own.
    @Test func filesOfOtherKindsOfDisksAreAlwaysHashed() {
        #expect(FileStamp(path: "/proc/self/status") == nil)
    }

    @Test func anOldLargeFileIsNotReadAgain() throws {
        // A file of the system, older than a minute.
        let old = ["/usr/bin/git", "/usr/bin/python3", "/bin/bash"].first { FileStamp(path: $0)?.isTrusted == true }
        guard let old, let stamp = FileStamp(path: old) else { return }
        let fixture = try StoreFixture()
        let digest = try fixture.store.digest(ofFileAt: old)
        #expect(try fixture.store.index.digest(of: stamp) == digest)
        try fixture.store.index.remember(stamp, digest: Digest(hashing: "remembered"))
        #expect(try fixture.store.digest(ofFileAt: old) == Digest(hashing: "remembered"))
    }
}
