import BuildModel
import CanonicalJSON

/// Whom and what a store trusts, beside its list of allowed signers: `trust/settings.json`.
package struct TrustSettings: Hashable, Sendable {
    /// Each pattern once, sorted.
    package private(set) var remotes: [RemoteRule] = []
    /// Each once, sorted.
    package private(set) var secrets: [SecretPermission] = []
    /// Commands from elsewhere that may run here, by their digests; each once, sorted.
    package private(set) var commands: [AllowedCommand] = []

    package init() {}

    /// Reads the file's text; an empty one has no settings.
    ///
    /// - Throws: `TrustError`: settings that cannot be read must not count as no settings.
    package init(text: String) throws(TrustError) {
        guard !text.isEmpty else { return }
        guard let json = try? JSON(parsing: text), let members = json.object else { throw .unreadable("it is no JSON object") }
        for name in members.keys.sorted() where !["remotes", "secrets", "commands"].contains(name) {
            throw .unreadable("this version knows no '\(name)'")
        }
        func list(_ name: String) throws(TrustError) -> [JSON] {
            guard let member = json[name] else { return [] }
            guard let entries = member.array else { throw .unreadable("its '\(name)' is no list") }
            return entries
        }
        for entry in try list("remotes") {
            guard let rule = RemoteRule(json: entry) else {
                throw .unreadable("\(entry.canonicalText.prefix(200)) is no policy for a remote")
            }
            set(rule)
        }
        for entry in try list("secrets") {
            guard let permission = SecretPermission(json: entry) else {
                throw .unreadable("\(entry.canonicalText.prefix(200)) is no secret for a host")
            }
            allow(permission)
        }
        for entry in try list("commands") {
            guard let command = AllowedCommand(json: entry) else {
                throw .unreadable("\(entry.canonicalText.prefix(200)) is no command")
            }
            allow(command)
        }
    }

    package var text: String {
        var members: [String: JSON] = ["remotes": .array(remotes.map(\.json)), "secrets": .array(secrets.map(\.json))]
        if !commands.isEmpty { members["commands"] = .array(commands.map(\.json)) }
        return JSON.object(members).prettyText + "\n"
    }

    // MARK: Remotes

    /// Sets the policy for a pattern, in place of the one that it had.
    package mutating func set(_ rule: RemoteRule) {
        remotes.removeAll { $0.pattern == rule.pattern }
        remotes.append(rule)
        remotes.sort { $0.pattern < $1.pattern }
    }

    /// - Returns: whether the pattern had a policy.
    package mutating func forget(pattern: String) -> Bool {
        let count = remotes.count
        remotes.removeAll { $0.pattern == RemoteRule.normal(pattern) }
        return remotes.count < count
    }

    /// The policy for a remote, by the addresses that it is known by: the longest pattern that fits one of them decides.
    package func policy(for addresses: [String]) -> RemotePolicy {
        let fitting = remotes.filter { rule in addresses.contains(where: rule.fits) }
        return fitting.max { $0.pattern.utf8.count < $1.pattern.utf8.count }?.policy ?? .none
    }

    // MARK: Secrets

    package mutating func allow(_ permission: SecretPermission) {
        guard !secrets.contains(permission) else { return }
        secrets.append(permission)
        secrets.sort { ($0.name, $0.host) < ($1.name, $1.host) }
    }

    /// - Returns: whether it was allowed.
    package mutating func forbid(_ permission: SecretPermission) -> Bool {
        let count = secrets.count
        secrets.removeAll { $0 == permission }
        return secrets.count < count
    }

    package func allows(_ permission: SecretPermission) -> Bool {
        secrets.contains(permission) || SecretPermission.wellKnown.contains(permission)
    }
}

/// A command that came from elsewhere and may run here.
package struct AllowedCommand: Hashable, Sendable {
    /// Of the command and of the programs among its inputs.
    package let digest: Digest
    /// What people are shown; nothing is decided by it.
    package let words: String

    package init(digest: Digest, words: String) { (self.digest, self.words) = (digest, words) }

    init?(json: JSON) {
        guard let digest = json["sha256"]?.string.flatMap(Digest.init(hex:)) else { return nil }
        self.init(digest: digest, words: json["command"]?.string ?? "")
    }

    var json: JSON { ["sha256": .string(digest.hex), "command": .string(words)] }
}

extension TrustSettings {
    // MARK: Commands

    package mutating func allow(_ command: AllowedCommand) {
        guard !allows(commandOf: command.digest) else { return }
        commands.append(command)
        commands.sort { $0.digest < $1.digest }
    }

    /// - Returns: whether it was allowed.
    package mutating func forbid(commandOf digest: Digest) -> Bool {
        let count = commands.count
        commands.removeAll { $0.digest == digest }
        return commands.count < count
    }

    package func allows(commandOf digest: Digest) -> Bool { commands.contains { $0.digest == digest } }
}

/// Why nothing is known of whom a store trusts.
package enum TrustError: Error, Hashable, Sendable, CustomStringConvertible {
    case unreadable(String)

    package var description: String {
        switch self {
        case .unreadable(let reason):
            "trust/settings.json of the store cannot be used: \(reason); correct it, or delete it and set it anew with "
                + "`decant trust`"
        }
    }
}
