import CanonicalJSON

/// Whom and what a store trusts, beside its list of allowed signers: `trust/settings.json`.
package struct TrustSettings: Hashable, Sendable {
    /// Each pattern once, sorted.
    package private(set) var remotes: [RemoteRule] = []
    /// Each once, sorted.
    package private(set) var secrets: [SecretPermission] = []

    package init() {}

    /// Reads the file's text; an empty one has no settings.
    ///
    /// - Throws: `TrustError`: settings that cannot be read must not count as no settings.
    package init(text: String) throws(TrustError) {
        guard !text.isEmpty else { return }
        guard let json = try? JSON(parsing: text), let members = json.object else { throw .unreadable("it is no JSON object") }
        for name in members.keys.sorted() where !["remotes", "secrets"].contains(name) {
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
    }

    package var text: String {
        let json: JSON = ["remotes": .array(remotes.map(\.json)), "secrets": .array(secrets.map(\.json))]
        return json.prettyText + "\n"
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
