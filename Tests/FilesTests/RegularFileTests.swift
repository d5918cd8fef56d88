import Files
import Foundation
import TestSupport
import Testing

@Suite struct RegularFileTests {
    let folder = TemporaryFolder()

    @Test func aFileIsReadWithItsSize() throws {
        try folder.write("text", to: "a")
        let file = try RegularFile(folder.file("a").path)
        #expect(file.size == 4)
        #expect(try RegularFile.contents(of: folder.file("a").path, limit: 4) == Array("text".utf8))
    }

    @Test func aLinkIsReadAsTheFileThatItNames() throws {
        try folder.write("text", to: "a")
        try FileManager.default.createSymbolicLink(atPath: folder.file("b").path, withDestinationPath: "a")
        #expect(try RegularFile.contents(of: folder.file("b").path, limit: 10).count == 4)
    }

    @Test(.mustEnd, arguments: ["/dev/zero", "/dev/null", "/dev/tty", "/dev/full"])
    func aDeviceIsRefusedAtOnce(path: String) {
        #expect(RegularFile.problem(at: path) != nil)
    }

    @Test(arguments: ["/proc/self/environ", "/proc/version", "/proc/kmsg", "/sys/kernel/mm/transparent_hugepage/enabled"])
    func whatTheKernelMakesUpIsRefused(path: String) {
        #expect(RegularFile.problem(at: path) != nil)
    }

    @Test(.mustEnd) func aNamedPipeIsRefusedAtOnce() {
        let path = folder.file("pipe").path
        #expect(mkfifo(path, 0o600) == 0)
        #expect(
            RegularFile.problem(at: path)?.description
                == "\(path): it is a named pipe; name a file on a disk, or copy its content into one")
    }

    @Test(.mustEnd) func anInputThatIsAPipeIsRefusedAtOnce() {
        let input = Pipe()
        let problem = withExtendedLifetime(input) {
            RegularFile.problem(at: "/dev/fd/\(input.fileHandleForReading.fileDescriptor)")
        }
        #expect(problem?.description.contains("it is a named pipe") == true)
    }

    @Test func aSocketIsRefused() throws {
        let path = folder.file("s").path
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(isBound == 0)
        #expect(RegularFile.problem(at: path)?.kind == .special("a socket or a device"))
    }

    @Test func aFolderAndNothingAreNamed() {
        #expect(RegularFile.problem(at: folder.url.path)?.kind == .folder)
        #expect(RegularFile.problem(at: folder.file("none").path)?.kind == .missing)
        #expect(RegularFile.problem(at: folder.file("none/none").path)?.kind == .missing)
    }

    @Test func aFileBeyondTheLimitIsRefused() throws {
        try folder.write("texts", to: "a")
        #expect(throws: FileProblem(path: folder.file("a").path, kind: .tooLarge(limit: 4))) {
            try RegularFile.contents(of: folder.file("a").path, limit: 4)
        }
    }
}
