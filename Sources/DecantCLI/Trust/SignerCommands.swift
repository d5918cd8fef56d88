import ArgumentParser
import Foundation
import Store
import Trust

struct TrustAddCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "add", abstract: "Allow a signer.")

    @Argument(help: "Who signs with the key, as in ann@example.org; several are separated by commas.")
    var principals: String

    @Argument(help: "The public key: a file such as ~/.ssh/id_ed25519.pub, or its text.")
    var key: String

    @Option(help: "The first day or second of the key, as in 20260131 or 20260131120000Z.")
    var validAfter: String?

    @Option(help: "The end of the key's time.")
    var validBefore: String?

    @Option(help: "What signatures of the key may be for, as in git (else for anything).")
    var namespaces: String?

    @Flag(help: "The key signs certificates of the principals' keys, not builds.")
    var certAuthority = false

    @OptionGroup var options: ResultOptions

    func validate() throws {
        guard principals.wholeMatch(of: /[^\s"#,][^\s"#]*/) != nil else {
            throw ValidationError(
                "'\(principals)' cannot stand in a list of signers: name people without spaces, as in ann@example.org")
        }
        for date in [validAfter, validBefore].compactMap(\.self)
        where date.wholeMatch(of: /[0-9]{8}([0-9]{4}([0-9]{2})?)?Z?/) == nil {
            throw ValidationError("'\(date)' is no time; write 20260131, 202601311200 or 20260131120000Z")
        }
        if let namespaces, namespaces.wholeMatch(of: /[^\s"]+/) == nil {
            throw ValidationError("'\(namespaces)' names no namespaces; write git")
        }
    }

    func run() throws {
        let signer = AllowedSigner(principals: principals, options: signerOptions, key: try publicKey())
        guard let fingerprint = signer.fingerprint else { throw noKey(key) }
        let store = try options.open()
        let before = try store.trust()
        try store.editTrust(Trust.signersFile) { $0 = AllowedSigners.adding(signer, to: $0) }
        Console.output("\(principals) may sign with \(fingerprint)")
        if !before.hasOwnSigners, let file = before.judge.signers {
            Console.progress("this store has a list of its own now, which counts instead of git's \(file.path)")
        }
    }

    private var signerOptions: [String] {
        (certAuthority ? ["cert-authority"] : [])
            + [("namespaces", namespaces), ("valid-after", validAfter), ("valid-before", validBefore)].compactMap {
                name, value in
                value.map { "\(name)=\"\($0)\"" }
            }
    }

    /// The type and the bytes of the key, without its comment.
    private func publicKey() throws -> String {
        var text = key
        if AllowedSigner(line: "x \(key)") == nil {
            let home = ProcessInfo.processInfo.environment["HOME"] ?? ""
            let path = key.hasPrefix("~/") ? home + key.dropFirst() : key
            do {
                text = try String(contentsOfFile: path, encoding: .utf8)
            } catch {
                throw CommandFailure.badInput("'\(key)' is neither a public key nor a file with one")
            }
        }
        guard !text.contains("PRIVATE KEY") else {
            throw CommandFailure.badInput("\(key) is a private key; name the public one: \(key).pub")
        }
        let lines = text.split(whereSeparator: \.isNewline).compactMap { AllowedSigner(line: "x \($0)") }
        guard lines.count == 1, lines[0].options.isEmpty else { throw noKey(key) }
        return lines[0].key
    }

    private func noKey(_ name: String) -> CommandFailure {
        .badInput("'\(name)' is no public key of OpenSSH; one begins with ssh-ed25519, ecdsa-sha2-… or ssh-rsa")
    }
}

struct TrustRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "remove", abstract: "Allow a signer no more.")

    @Argument(help: "A principal, a fingerprint (SHA256:…), or the text of the public key.")
    var signer: String

    @OptionGroup var options: ResultOptions

    func run() throws {
        let store = try options.open()
        let trust = try store.trust()
        guard trust.hasOwnSigners else {
            throw CommandFailure.badInput(
                trust.judge.signers.map { "the list of signers is git's \($0.path); edit it there" }
                    ?? "this store has no list of signers")
        }
        let removed = try store.editTrust(Trust.signersFile) { text in
            let (rest, removed) = AllowedSigners.removing(from: text) { matches($0) }
            text = rest
            return removed
        }
        guard !removed.isEmpty else {
            throw CommandFailure.badInput("no allowed signer is '\(signer)'", hint: "trust show")
        }
        for signer in removed {
            Console.output("\(signer.principals) may sign no more with \(signer.fingerprint ?? signer.key)")
        }
    }

    private func matches(_ candidate: AllowedSigner) -> Bool {
        candidate.principals == signer || candidate.principals.split(separator: ",").contains { $0 == signer }
            || candidate.fingerprint == signer || signer.hasPrefix(candidate.key)
    }
}
