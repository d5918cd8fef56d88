import Foundation
import Programs
import Store

/// Signs with `ssh-keygen`, as git does where `gpg.format` is `ssh`.
struct SSHSigner: CommitSigner {
    private enum Key {
        case file(String)
        /// A public key whose private half an agent holds.
        case agent(String)
    }

    private let program: String
    private let key: Key
    private let environment: [String: String]

    /// - Parameter asked: what the command line says; git's `commit.gpgsign` decides where it says nothing.
    /// - Returns: `nil` where builds are not signed.
    static func forBuilds(asked: Bool?, _ settings: SigningSettings) throws -> SSHSigner? {
        try signer(asked: asked, setting: "commit.gpgsign", isSet: settings.signsCommits, settings)
    }

    /// As `forBuilds`, with `tag.gpgsign`.
    static func forTags(asked: Bool?, _ settings: SigningSettings) throws -> SSHSigner? {
        try signer(asked: asked, setting: "tag.gpgsign", isSet: settings.signsTags, settings)
    }

    /// Of what `verify --witness` saw: always, whatever git signs otherwise.
    static func forWitnesses(_ settings: SigningSettings) throws -> SSHSigner {
        guard settings.format == "ssh" else {
            throw CommandFailure.badInput(
                "git's gpg.format is '\(settings.format)'. Decant signs with SSH keys alone: git config --global gpg.format ssh"
            )
        }
        return try SSHSigner(settings, environment: ProcessInfo.processInfo.environment)
    }

    private static func signer(
        asked: Bool?, setting: String, isSet: Bool, _ settings: SigningSettings
    ) throws -> SSHSigner? {
        guard asked ?? isSet else { return nil }
        if settings.format != "ssh" {
            let fix = "Decant signs with SSH keys alone: git config --global gpg.format ssh"
            if asked == true { throw CommandFailure.badInput("git's gpg.format is '\(settings.format)'. \(fix)") }
            // A person who signs other commits with OpenPGP can still build.
            Console.progress("not signed, though \(setting) is set. \(fix)")
            return nil
        }
        return try SSHSigner(settings, environment: ProcessInfo.processInfo.environment)
    }

    /// - Throws: where there is no key or no program, with what to do about it. Asked before any work is done.
    private init(_ settings: SigningSettings, environment: [String: String]) throws {
        self.environment = environment
        guard let name = settings.key, !name.isEmpty else {
            throw CommandFailure.badInput(
                "there is no key to sign with: git config --global user.signingkey ~/.ssh/id_ed25519.pub")
        }
        if name.hasPrefix("key::") || name.hasPrefix("ssh-") {
            key = .agent(name.hasPrefix("key::") ? String(name.dropFirst(5)) : name)
        } else {
            let path = name.hasPrefix("~/") ? (environment["HOME"] ?? "") + name.dropFirst() : name
            guard FileManager.default.fileExists(atPath: path) else {
                throw CommandFailure.badInput(
                    "git's user.signingkey names \(path), and there is no such file: set it to a key of yours, or make one "
                        + "with ssh-keygen -t ed25519")
            }
            key = .file(URL(fileURLWithPath: path).path)
        }
        do {
            program = try Program.find(
                settings.program, along: environment["PATH"] ?? "/usr/bin:/bin",
                from: URL(fileURLWithPath: FileManager.default.currentDirectoryPath))
        } catch {
            throw CommandFailure.badInput("nothing can be signed: \(error); install OpenSSH, or set git's gpg.ssh.program")
        }
    }

    func signature(of content: [UInt8]) throws(StoreError) -> String {
        let folder = URL.temporaryDirectory.appending(path: "decant-sign-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: folder) }
        let ending: Program.Ending
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try Data(content).write(to: folder.appending(path: "content"))
            ending = try sign(in: folder)
        } catch {
            throw .cannotSign(reason: "\(error)")
        }
        guard ending == .exited(status: 0),
            let signature = try? String(contentsOf: folder.appending(path: "content.sig"), encoding: .utf8)
        else { throw .cannotSign(reason: "ssh-keygen says: \(Self.complaint(in: folder)). \(advice)") }
        return signature
    }

    private func sign(in folder: URL) throws -> Program.Ending {
        var arguments = ["-Y", "sign", "-n", "git", "-f"]
        switch key {
        case .file(let path): arguments.append(path)
        case .agent(let text):
            let file = folder.appending(path: "key.pub")
            try Data((text + "\n").utf8).write(to: file)
            arguments += [file.path, "-U"]
        }
        // A background process must not ask on the terminal: it would wait forever.
        var environment = environment
        environment["SSH_ASKPASS_REQUIRE"] = "force"
        environment["SSH_ASKPASS"] = environment["SSH_ASKPASS"] ?? "/bin/false"
        return try Program(program, arguments + ["content"], environment: environment, directory: folder)
            .run(errors: .file(folder.appending(path: "errors")), timeLimit: 120)
    }

    private var advice: String {
        switch key {
        case .file(let path): "If the key asks for a passphrase, hand it to an agent first: ssh-add \(path)"
        case .agent: "The key must be in the agent: ssh-add -L lists what it holds"
        }
    }

    private static func complaint(in folder: URL) -> String {
        let text = (try? String(contentsOf: folder.appending(path: "errors"), encoding: .utf8)) ?? ""
        let lines = text.split(whereSeparator: \.isNewline).suffix(2)
        return lines.isEmpty ? "nothing" : lines.joined(separator: " / ")
    }
}
