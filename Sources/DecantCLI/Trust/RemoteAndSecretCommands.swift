import ArgumentParser
import Foundation
import Sharing
import Store
import Trust

struct TrustRemoteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remote", abstract: "Set what must be true of all that comes from a remote.",
        discussion: """
            none: form and hashes are checked, and who made it is shown.
            signed: an allowed signer signed every build and every tag.
            reproduced:N: N witnesses ran it again and got the same bytes.
            """)

    @Argument(help: "A remote's name or address; '*' in an address stands for anything, '*' alone for every remote.")
    var remote: String

    @Argument(help: "none, signed or reproduced:N.")
    var policy: String?

    @Option(help: "A principal who must have signed, or who counts as a witness; may be given several times.")
    var by: [String] = []

    @Flag(help: "Forget what was set for the remote.")
    var forget = false

    @OptionGroup var options: ResultOptions

    func validate() throws {
        if forget == (policy != nil) { throw ValidationError("name a policy (none, signed, reproduced:N), or say --forget") }
    }

    func run() throws {
        var chosen: RemotePolicy?
        if let policy {
            chosen = RemotePolicy(policy, by: by)
            if chosen == nil {
                throw CommandFailure.badInput(
                    policy == "none"
                        ? "--by is of signed and reproduced:N" : "'\(policy)' is no policy; write none, signed or reproduced:2")
            }
        }
        let store = try options.open()
        let pattern = RemoteRule.normal(try address(in: store))
        let done = try store.editTrust(Trust.settingsFile) { text in
            var settings = try TrustSettings(text: text)
            if let chosen { settings.set(RemoteRule(pattern: pattern, policy: chosen)) }
            let done = chosen != nil || settings.forget(pattern: pattern)
            text = settings.text
            return done
        }
        guard done else { throw CommandFailure.badInput("nothing was set for \(pattern)", hint: "trust show") }
        Console.output("\(pattern)  \(chosen?.words ?? "as the others")")
    }

    /// A path is kept whole, so that it means the same in any folder.
    private func address(in store: Store) throws -> String {
        if let known = store.address(ofRemote: remote) { return try RemoteAddress(known).text }
        guard !remote.contains("*") else { return remote }
        do {
            return try RemoteAddress(remote).text
        } catch {
            throw CommandFailure.badInput(error.description)
        }
    }
}

struct TrustSecretCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secret", abstract: "Allow recipes to send a secret to a host.",
        discussion:
            "A recipe names an environment variable (api_key_env); its value goes to hosts that are allowed here, and to no other."
    )

    @Argument(help: "The name of the environment variable.")
    var name: String

    @Argument(help: "The host, as in api.example.org or localhost:8000, or a URL there.")
    var host: String

    @Flag(help: "Allow it no more.")
    var remove = false

    @OptionGroup var options: ResultOptions

    func run() throws {
        guard name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil else {
            throw CommandFailure.badInput("'\(name)' is no name of an environment variable; the secret itself stays there")
        }
        guard let host = SecretPermission.host(of: self.host.contains("://") ? self.host : "https://\(self.host)") else {
            throw CommandFailure.badInput("'\(self.host)' is no host; write api.example.org or localhost:8000")
        }
        let permission = SecretPermission(name: name, host: host)
        let store = try options.open()
        let done = try store.editTrust(Trust.settingsFile) { text in
            var settings = try TrustSettings(text: text)
            if !remove { settings.allow(permission) }
            let done = !remove || settings.forbid(permission)
            text = settings.text
            return done
        }
        guard done else { throw CommandFailure.badInput("\(name) was not allowed for \(host)", hint: "trust show") }
        Console.output(remove ? "recipes may send \(name) to \(host) no more" : "recipes may send \(name) to \(host)")
    }
}
