/// Why an archive's files cannot be taken out.
package enum ArchiveError: Error, Hashable, Sendable, CustomStringConvertible {
    /// It is no archive of a known format, or damaged.
    case unreadable(archive: String, reason: String)
    case unsafePath(archive: String, path: String)
    case notAFile(archive: String, path: String)
    case twice(archive: String, path: String)
    case tooLarge(archive: String, limit: Int)
    case tooManyMembers(archive: String, limit: Int)
    case cannotWrite(path: String, reason: String)

    package var description: String {
        switch self {
        case .unreadable(let archive, let reason):
            "\(archive) cannot be read as a zip, tar or 7z archive: \(reason)"
        case .unsafePath(let archive, let path):
            "\(archive) has a member '\(path)', which would lie outside of it; such an archive is refused"
        case .notAFile(let archive, let path):
            "\(path) in \(archive) is a link or a special file; choose other members"
        case .twice(let archive, let path):
            "\(archive) has \(path) twice"
        case .tooLarge(let archive, let limit):
            "\(archive) expands to more than \(limit) bytes, the limit for an archive"
        case .tooManyMembers(let archive, let limit):
            "\(archive) has more than \(limit) members, the limit for an archive"
        case .cannotWrite(let path, let reason):
            "\(path) cannot be written: \(reason)"
        }
    }
}
