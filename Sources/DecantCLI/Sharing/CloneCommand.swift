import ArgumentParser
import Foundation
import Sharing
import Store
import Trust

struct CloneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clone", abstract: "Make a store of all that a remote has; it becomes the store's origin.")

    @Argument(help: "A path, or an address (file, http, https, ssh).")
    var remote: String

    @Option(help: "What must be true of all that comes from there, now and later: none, signed or reproduced:N.")
    var policy: String?

    @Option(help: "A list of allowed signers for the new store, in OpenSSH's format.", completion: .file())
    var signers: String?

    @Option(help: "Take this recipe, tag, commit or kind of stage whoever made it; may be given several times.")
    var accept: [String] = []

    @OptionGroup var options: ExchangeOptions

    func run() async throws {
        let directory = options.results.store.directory
        let address: RemoteAddress
        do {
            address = try RemoteAddress(remote)
        } catch {
            throw CommandFailure.badInput(error.description)
        }
        let rule = try policy.map { text in
            guard let policy = RemotePolicy(text) else {
                throw CommandFailure.badInput("'\(text)' is no policy; write none, signed or reproduced:2")
            }
            return RemoteRule(pattern: address.text, policy: policy)
        }
        let signers = try signers.map { try readSigners($0) }
        let isNew = !FileManager.default.fileExists(atPath: directory.path)
        let store = try options.results.open()
        // A clone that was killed goes on.
        guard try store.isEmpty() || store.unfinishedClone == address.textWithUser else {
            throw CommandFailure.badInput("\(directory.path) is a store already", hint: "pull \(remote)")
        }
        do {
            try store.beginClone(of: address.textWithUser)
            try settle(rule, signers, in: store)
            try await options.reporting(next: "pull") {
                let place = try Remote(remote, objectServer: options.lfs, for: store)
                for warning in place.warnings { Console.progress("warning: \(warning)") }
                let summary = try await store.pull(.everything, from: place, accepting: Set(accept)) { options.show($0) }
                try store.endClone(of: address.textWithUser)
                return summary
            }
        } catch {
            // Received objects stay for the next try.
            if isNew, !store.hasIncoming { try? FileManager.default.removeItem(at: directory) }
            throw error
        }
    }

    private func readSigners(_ path: String) throws -> String {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8), !AllowedSigners.read(text).isEmpty else {
            throw CommandFailure.badInput("\(path) is no list of allowed signers; a line is: ann@example.org ssh-ed25519 AAAA…")
        }
        return text
    }

    /// Whom the new store trusts, before anything comes.
    private func settle(_ rule: RemoteRule?, _ signers: String?, in store: Store) throws {
        if let signers { try store.editTrust(Trust.signersFile) { $0 = signers } }
        guard let rule else { return }
        try store.editTrust(Trust.settingsFile) { text in
            var settings = try TrustSettings(text: text)
            settings.set(rule)
            text = settings.text
        }
    }
}
