import BuildModel
import CanonicalJSON
import Store

/// A finished step of an exchange, for progress messages.
package enum ExchangePhase: Sendable {
    /// Git's part was received and checked.
    case checked(stages: Int, builds: Int, gitObjects: Int, bytes: Int)
    /// Git's part that will be sent.
    case compared(references: Int)
    case objects(moved: Int, bytes: Int, present: Int)
}

/// What an exchange did.
package struct ExchangeSummary: Sendable {
    package var remote: String
    /// Branches, tags and notes.
    package var changes: [ReferenceChange] = []
    /// Refs of the remote that were not asked for, with the reason.
    package var leftOut: [Refusal] = []
    /// Actions whose results are new to the receiver.
    package var actions = 0
    /// Witnesses that are new to the receiver.
    package var witnesses = 0
    package var objects = 0
    /// Of the objects that were sent.
    package var bytes = 0
    /// Lines that the remote's hooks said.
    package var said: [String] = []

    package var json: JSON {
        [
            "remote": .string(remote), "actions": .integer(Int64(actions)),
            "witnesses": .integer(Int64(witnesses)), "objects": .integer(Int64(objects)),
            "bytes": .integer(Int64(bytes)),
            "refs": .array(
                changes.map {
                    [
                        "name": .string($0.name), "step": .string($0.step.rawValue), "commit": .string($0.commit.hex),
                        "reason": .string($0.reason),
                    ]
                }),
            "left_out": .array(leftOut.map { ["name": .string($0.subject), "reason": .string($0.reason)] }),
        ]
    }
}

/// Why something could not be shared; never with a password.
package enum SharingError: Error, Sendable, CustomStringConvertible {
    case invalidAddress(String)
    /// An address that hides a line's end or another control character behind percent signs.
    case controlCharacters(String)
    case unknownRemote(String)
    /// No remote was named and there is no `origin`.
    case noRemote
    /// A remote over SSH, and nothing says where its objects are.
    case noObjectServer(remote: String)
    case unreachable(url: String, reason: String)
    case needsLogin(url: String)
    case refused(url: String, status: Int, message: String)
    case unexpectedAnswer(url: String, reason: String)
    /// The remote's git names an object that its object store lacks.
    case missingObject(Digest, place: String, reason: String)
    /// A server that has room for other objects, or lets others take them.
    case objectRefused(Digest, place: String, reason: String)
    case nothingToShare(recipe: String, known: [String])

    package var description: String {
        switch self {
        case .invalidAddress(let text):
            "'\(text)' is no remote: name a path, or an address of file, http, https or ssh"
        case .controlCharacters(let text):
            "'\(text)' has an encoded control character (%00 to %1f, %7f), which no address of a repository needs"
        case .unknownRemote(let text):
            "'\(text)' is neither a remote of this store nor a git repository"
        case .noRemote:
            "no remote is named, and this store has none that is called 'origin'"
        case .noObjectServer(let remote):
            "\(remote) keeps git's part; where the objects are is not known over SSH: name a Git LFS server with --lfs URL, "
                + "or set lfs.url in the lineage repository's git configuration"
        case .unreachable(let url, let reason):
            "\(url) cannot be reached: \(reason)"
        case .needsLogin(let url):
            "\(url) wants to know who asks: put a user and a password into the address, or set up git's credential helper"
        case .refused(let url, let status, let message):
            "\(url) answered with HTTP status \(status)" + (message.isEmpty ? "" : ": \(message)")
        case .unexpectedAnswer(let url, let reason):
            "\(url) gave an answer that cannot be used: \(reason)"
        case .missingObject(let digest, let place, let reason):
            "\(place) has no object \(digest): \(reason)"
        case .objectRefused(let digest, let place, let reason):
            "\(place) refused the object \(digest): \(reason)"
        case .nothingToShare(let recipe, let known):
            "this store has no build of '\(recipe)'" + (known.isEmpty ? "" : "; it has " + known.joined(separator: ", "))
        }
    }
}

/// Why nothing was exchanged with a remote.
package enum RemoteError: Error, Sendable, CustomStringConvertible {
    case unreachable(remote: String, reason: String)
    /// What came breaks a rule of a lineage.
    case refused(remote: String, refusals: [Refusal])
    /// What is here breaks a rule: whoever takes the remote in would refuse it.
    case unfit(remote: String, refusals: [Refusal])
    /// The remote has builds that are not here.
    case behind(remote: String, references: [String])
    case rejected(remote: String, reference: String, reason: String)

    package var description: String {
        switch self {
        case .unreachable(let remote, let reason):
            "\(remote) cannot be used: \(reason)"
        case .refused(let remote, let refusals):
            "\(remote) was refused, nothing of it was taken in:" + Self.list(refusals)
        case .unfit(let remote, let refusals):
            "nothing was pushed to \(remote): nobody could take it in again. Build again with what is right, and delete the "
                + "branch of the build that is wrong:" + Self.list(refusals)
        case .behind(let remote, let references):
            "\(remote) has what is not here: \(references.joined(separator: ", ")); nothing was pushed"
        case .rejected(let remote, let reference, let reason):
            "\(remote) did not take \(reference): \(reason)"
        }
    }
}

extension RemoteError {
    private static func list(_ refusals: [Refusal]) -> String {
        refusals.prefix(20).map { "\n  \($0)" }.joined()
            + (refusals.count > 20 ? "\n  and \(refusals.count - 20) more" : "")
    }

    /// Runs a step that looks at what a remote sent; what breaks a rule there refuses the remote.
    ///
    /// - Parameter gitFailures: whether git objects that cannot be read do so, too.
    static func refusing<Value>(_ remote: String, gitFailures: Bool = false, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let refusal as Refusal {
            throw RemoteError.refused(remote: remote, refusals: [refusal])
        } catch let refusals as Refusals {
            throw RemoteError.refused(remote: remote, refusals: refusals.all)
        } catch StoreError.git(let operation, let reason) where gitFailures {
            throw RemoteError.refused(
                remote: remote, refusals: [Refusal(subject: "a git object", reason: "git cannot \(operation): \(reason)")])
        }
    }
}
