import Foundation

/// Who asks at a server.
package struct Login: Hashable, Sendable {
    package var user: String
    package var password: String

    package init(user: String, password: String) {
        self.user = user
        self.password = password
    }
}

/// A git repository elsewhere.
package enum RemoteRepository: Sendable {
    /// A repository on this machine's file systems, by its path.
    case neighbour(URL)
    /// A repository behind a server: an address without a password, and who asks there. Libgit2 asks for the login only where
    /// the server wants one.
    case server(url: String, login: @Sendable () -> Login?)

    package var label: String {
        switch self {
        case .neighbour(let path): path.path
        case .server(let url, _): url
        }
    }
}

/// A ref that a remote repository has.
package struct RemoteReference: Hashable, Sendable {
    package var name: String
    /// What it names: a commit, or a tag object.
    package var object: CommitID
}

/// Why nothing was exchanged with a remote.
package enum RemoteError: Error, Sendable, CustomStringConvertible {
    case unreachable(remote: String, reason: String)
    /// What came does not hold against the rules of a lineage.
    case refused(remote: String, refusals: [Refusal])
    /// The remote has builds that are not here.
    case behind(remote: String, references: [String])
    case rejected(remote: String, reference: String, reason: String)

    package var description: String {
        switch self {
        case .unreachable(let remote, let reason):
            "\(remote) cannot be used: \(reason)"
        case .refused(let remote, let refusals):
            "\(remote) was refused, nothing of it was taken in:"
                + refusals.prefix(20).map { "\n  \($0)" }.joined()
                + (refusals.count > 20 ? "\n  and \(refusals.count - 20) more" : "")
        case .behind(let remote, let references):
            "\(remote) has what is not here: \(references.joined(separator: ", ")); nothing was pushed"
        case .rejected(let remote, let reference, let reason):
            "\(remote) did not take \(reference): \(reason)"
        }
    }
}

/// One thing of a remote that breaks a rule.
package struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// A ref, a commit, a file of an artifact.
    package var subject: String
    package var reason: String

    package init(subject: String, reason: String) {
        self.subject = subject
        self.reason = reason
    }

    package var description: String { "\(subject): \(reason)" }
}
