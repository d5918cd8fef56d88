import BuildModel

/// What a check of the store may find.
package enum StoreProblem: Hashable, Sendable {
    case damagedObject(Digest)
    case unreadableObject(Digest, reason: String)
    /// A file among the objects whose name is none of theirs.
    case strayFile(path: String)
    /// `path`: of its file; `nil` where it is in a pack.
    case damagedGitObject(id: String, path: String?)
    case damagedPack(path: String)
    case unreadableReference(name: String, path: String)
    /// A ref to something that is not there, or that is not what such a ref names.
    case wrongReference(name: String, reason: String)
    /// HEAD does not name a branch, though there are some.
    case wrongHead(String)
    case missingCommit(String)
    case missingObject(Digest, commit: String)
    /// Anything else that is wrong with a commit.
    case wrongCommit(String)
    /// The index, or so many of its rows.
    case damagedIndex(reason: String)
    /// Lines, from 1, of a journal of answers.
    case damagedRecording(path: String, lines: [Int])
}

extension StoreProblem: CustomStringConvertible {
    package var description: String {
        switch self {
        case .damagedObject(let digest): "the object \(digest) is damaged"
        case .unreadableObject(let digest, let reason): "the object \(digest) cannot be checked: \(reason)"
        case .strayFile(let path): "\(path) is no object; nothing needs it"
        case .damagedGitObject(let id, let path):
            "the git object \(id) is damaged" + (path == nil ? "; it is in a pack" : "")
        case .damagedPack(let path):
            "\(path) is damaged; clone the lineage from a remote again, or take the file from a copy"
        case .unreadableReference(let name, let path): "the ref \(name) cannot be read (\(path))"
        case .wrongReference(let name, let reason): "\(name) \(reason)"
        case .wrongHead(let reason): "HEAD \(reason)"
        case .missingCommit(let id): "the commit \(id) is missing or cannot be read"
        case .missingObject(let digest, let commit): "\(commit), whose object \(digest) is missing; build again"
        case .wrongCommit(let reason): reason
        case .damagedRecording(let path, let lines):
            "\(path) is damaged in line \(lines.map(String.init).joined(separator: ", ")); what stood there is asked again"
        case .damagedIndex(let reason): "the index is damaged: \(reason); it is derived"
        }
    }
}
