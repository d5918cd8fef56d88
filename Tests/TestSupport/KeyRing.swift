import Foundation
import Testing

/// Keys of OpenSSH's own, made for these tests, and what they sign.
package final class KeyRing: Sendable {
    private let place = TemporaryFolder()

    package init() {}

    package var folder: URL { place.url }

    /// Makes a key, and returns its public half.
    @discardableResult
    package func key(_ name: String) throws -> String {
        let file = folder.appending(path: name)
        if !FileManager.default.fileExists(atPath: file.path) {
            try ProgramRun.output(of: ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file.path])
        }
        return try place.text(name + ".pub").trimmingCharacters(in: .newlines)
    }

    package func sign(_ text: String, with name: String, namespace: String = "git") throws -> String {
        try place.write(text, to: "content")
        try ProgramRun.output(
            of: [
                "ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", folder.appending(path: name).path,
                folder.appending(path: "content").path,
            ])
        defer { try? FileManager.default.removeItem(at: folder.appending(path: "content.sig")) }
        return try place.text("content.sig")
    }

    /// A certificate for a key by another one, and the name to sign with it.
    package func certificate(of name: String, by authority: String, for principals: String, _ validity: String) throws -> String
    {
        try ProgramRun.output(
            of: [
                "ssh-keygen", "-q", "-s", folder.appending(path: authority).path, "-I", "id", "-n", principals, "-V", validity,
                folder.appending(path: name + ".pub").path,
            ])
        return name + "-cert.pub"
    }

    package func list(_ lines: String...) throws -> URL {
        try place.write(lines.joined(separator: "\n") + "\n", to: "allowed")
        return folder.appending(path: "allowed")
    }

    package func file(_ name: String) -> URL { folder.appending(path: name) }
    package func write(_ text: String, to name: String) throws { try place.write(text, to: name) }
}
