import Foundation
import Testing

@testable import Archives

@Suite struct ArchiveTests {
    let fixture: FetchFixture
    let output: URL

    init() throws {
        fixture = try FetchFixture()
        output = fixture.file("output")
        try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
    }

    func extract(_ name: String, limits: Archive.Limits = .init(), where isChosen: (String) -> Bool = { _ in true }) throws
        -> [String]
    {
        try Archive(fixture.file(name), limits: limits).extract(into: output, where: isChosen).extracted
    }

    @Test(arguments: ["../out.txt", "a/../../out.txt", "/tmp/out.txt", "a//b", "a\\\\..\\\\b"])
    func pathsThatLeadOutAreRefused(path: String) throws {
        try fixture.zip([("good.txt", "x"), (path, "x")], as: "bad.zip")
        let message = #expect(throws: ArchiveError.self) { try extract("bad.zip", where: { $0 == "good.txt" }) }
        #expect(message?.description.contains("which would lie outside of it") == true)
        #expect(!FileManager.default.fileExists(atPath: fixture.file("out.txt").path))
    }

    @Test(arguments: ["SYMTYPE", "LNKTYPE", "FIFOTYPE"])
    func linksAndSpecialFilesAreRefusedWhereTheyAreChosen(type: String) throws {
        try fixture.run(
            "python3", "-c",
            """
            import io, tarfile
            with tarfile.open('bad.tar', 'w') as archive:
                good = tarfile.TarInfo('good'); good.size = 1; archive.addfile(good, io.BytesIO(b'x'))
                link = tarfile.TarInfo('link'); link.type = tarfile.\(type); link.linkname = 'good'; archive.addfile(link)
            """)
        #expect(throws: ArchiveError("link in bad.tar is a link or a special file; choose other members")) {
            try extract("bad.tar")
        }
        try FileManager.default.removeItem(at: output.appending(path: "good"))
        #expect(try extract("bad.tar", where: { $0 == "good" }) == ["good"])
    }

    @Test func aBombIsRefused() throws {
        try fixture.run(
            "python3", "-c",
            """
            import zipfile
            with zipfile.ZipFile('bomb.zip', 'w', zipfile.ZIP_DEFLATED) as archive: archive.writestr('a', bytes(10 << 20))
            """)
        let limits = Archive.Limits(bytes: 1 << 20)
        let error = #expect(throws: ArchiveError.self) { try extract("bomb.zip", limits: limits) }
        #expect(error?.description == "bomb.zip expands to more than 1048576 bytes, the limit for an archive")
        let written = try FileManager.default.attributesOfItem(atPath: output.appending(path: "a").path)[.size] as? Int
        #expect(try #require(written) <= 1 << 20)
        // Members that are passed count too.
        #expect(throws: ArchiveError("bomb.zip expands to more than 1048576 bytes, the limit for an archive")) {
            try extract("bomb.zip", limits: limits, where: { _ in false })
        }
        #expect(throws: ArchiveError("bomb.zip has more than 0 members, the limit for an archive")) {
            try extract("bomb.zip", limits: .init(members: 0), where: { _ in false })
        }
    }

    @Test(arguments: ["zip", "tar.gz", "tar.xz"]) func whatExpandsTooFarForItsSizeIsRefused(kind: String) throws {
        try fixture.run(
            "python3", "-c",
            """
            import io, tarfile, zipfile
            if '\(kind)' == 'zip':
                with zipfile.ZipFile('bomb.zip', 'w', zipfile.ZIP_DEFLATED) as archive: archive.writestr('a', bytes(10 << 20))
            else:
                with tarfile.open('bomb.\(kind)', 'w:' + '\(kind)'[4:]) as archive:
                    member = tarfile.TarInfo('a'); member.size = 10 << 20; archive.addfile(member, io.BytesIO(bytes(10 << 20)))
            """)
        let error = ArchiveError("bomb.\(kind) expands to more than 200 times its own size, the limit for an archive")
        for isChosen in [true, false] {
            #expect(throws: error) { try extract("bomb.\(kind)", limits: .init(freeBytes: 1 << 20), where: { _ in isChosen }) }
            try? FileManager.default.removeItem(at: output.appending(path: "a"))
        }
        // A small one may expand as it likes.
        #expect(try extract("bomb.\(kind)") == ["a"])
    }

    @Test func aNameThatStandsTwiceIsRefused() throws {
        try fixture.run(
            "python3", "-W", "ignore", "-c",
            """
            import zipfile
            with zipfile.ZipFile('twice.zip', 'w') as archive: archive.writestr('a', 'x'); archive.writestr('a', 'y')
            """)
        #expect(throws: ArchiveError("twice.zip has a twice")) { try extract("twice.zip") }
    }

    @Test func filesHavePlainModes() throws {
        try fixture.run(
            "python3", "-c",
            """
            import io, tarfile
            with tarfile.open('modes.tar', 'w') as archive:
                entry = tarfile.TarInfo('a'); entry.size = 1; entry.mode = 0o4777; archive.addfile(entry, io.BytesIO(b'x'))
            """)
        #expect(try extract("modes.tar") == ["a"])
        let mode = try FileManager.default.attributesOfItem(atPath: output.appending(path: "a").path)[.posixPermissions] as? Int
        #expect(try #require(mode) & 0o7133 == 0)
    }

    @Test func aDamagedArchiveIsAnError() throws {
        try fixture.zip([("a", String(repeating: "abc", count: 1000))], as: "whole.zip")
        try Data(contentsOf: fixture.file("whole.zip")).prefix(40).write(to: fixture.file("cut.zip"))
        let error = #expect(throws: ArchiveError.self) { try extract("cut.zip") }
        #expect(error?.description.contains("cut.zip cannot be read") == true)
    }

    @Test func namesBeyondASCIIAreRead() throws {
        try fixture.zip([("größe/ü.txt", "x")], as: "names.zip")
        #expect(try extract("names.zip") == ["größe/ü.txt"])
    }
}
