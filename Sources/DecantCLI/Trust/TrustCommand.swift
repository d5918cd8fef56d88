import ArgumentParser
import CanonicalJSON
import Foundation
import Store
import Trust

struct TrustCommand: ParsableCommand {
    private static let commands: [any ParsableCommand.Type] = [
        TrustShowCommand.self, TrustAddCommand.self, TrustRemoveCommand.self, TrustRemoteCommand.self, TrustSecretCommand.self,
        TrustCommandCommand.self,
    ]

    static let configuration = CommandConfiguration(
        commandName: "trust",
        abstract: "Say whom this store trusts: signers, remotes, hosts that secrets may go to, and commands.",
        subcommands: commands, defaultSubcommand: commands.first)
}

struct TrustShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the allowed signers, the policies for remotes, the secrets, and the commands.",
        aliases: ["list"]
    )

    @OptionGroup var options: ResultOptions

    func run() throws {
        let trust = try options.openExisting().trust()
        let file = trust.judge.signers
        let text = try file.map { try String(contentsOf: $0, encoding: .utf8) } ?? ""
        let signers = AllowedSigners.read(text)
        options.print(json(trust, signers), self.text(trust, signers))
    }

    private func json(_ trust: Trust, _ signers: [AllowedSigner]) -> JSON {
        [
            "signers_file": trust.judge.signers.map { .string($0.path) } ?? .null,
            "signers": .array(
                signers.map {
                    [
                        "principals": .string($0.principals), "options": .array($0.options.map(JSON.string)),
                        "key": .string($0.key), "fingerprint": $0.fingerprint.map(JSON.string) ?? .null,
                    ]
                }),
            "remotes": .array(
                trust.settings.remotes.map {
                    [
                        "remote": .string($0.pattern), "policy": .string($0.policy.word),
                        "by": .array($0.policy.principals.map(JSON.string)),
                    ]
                }),
            "commands": .array(
                trust.settings.commands.map { ["sha256": .string($0.digest.hex), "command": .string($0.words)] }),
            "secrets": .array(
                trust.settings.secrets.map { ["name": .string($0.name), "host": .string($0.host)] }),
        ]
    }

    private func text(_ trust: Trust, _ signers: [AllowedSigner]) -> String {
        let origin = trust.judge.signers.map { trust.hasOwnSigners ? $0.path : "\($0.path), git's gpg.ssh.allowedSignersFile" }
        var lines = ["allowed signers" + (origin.map { " (\($0))" } ?? "")]
        lines += Self.list(
            signers.map { ([$0.principals, $0.fingerprint ?? $0.key] + $0.options).joined(separator: "  ") },
            orElse: "none: every key is unknown")
        lines.append("remotes")
        let rules = trust.settings.remotes
        let width = rules.map(\.pattern.count).max() ?? 0
        lines += Self.list(
            rules.map { "\($0.pattern.padded(to: width))  \($0.policy.words)" }, orElse: "none: who made what is not asked")
        lines.append("secrets")
        lines += Self.list(trust.settings.secrets.map { "\($0.name) for \($0.host)" }, orElse: "none")
        lines.append("commands from elsewhere")
        lines += Self.list(trust.settings.commands.map { "\($0.digest.short)  \($0.words)" }, orElse: "none")
        return lines.joined(separator: "\n")
    }

    private static func list(_ lines: [String], orElse nothing: String) -> [String] {
        (lines.isEmpty ? [nothing] : lines).map { "  " + $0 }
    }
}
