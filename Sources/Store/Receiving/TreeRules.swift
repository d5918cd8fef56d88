import BuildModel
import CLibgit2
import Foundation

/// What may stand in a tree that came from elsewhere.
enum TreeRules {
    static let file: UInt32 = 0o100644
    static let directory: UInt32 = 0o040000

    /// Checks the entries of one directory.
    ///
    /// - Parameters:
    ///   - path: of the directory, with its slash; empty for the root.
    ///   - subject: what the tree belongs to, for messages.
    /// - Returns: name, whether it is a directory, id.
    static func check(
        _ entries: [GitRepository.RawEntry], at path: String, of subject: String
    ) throws(Refusal) -> [(name: String, isDirectory: Bool, id: git_oid)] {
        var checked: [(name: String, isDirectory: Bool, id: git_oid)] = []
        var folded: [String: String] = [:]
        var previous: [UInt8] = []
        for entry in entries {
            let name = String(decoding: entry.name, as: UTF8.self)
            func refusal(_ reason: String) -> Refusal { Refusal(subject: subject, reason: "'\(shown(path + name))' \(reason)") }
            if name.contains("/") || name.contains("\\") || ["", ".", ".."].contains(name) {
                throw refusal("leads out of its directory")
            }
            guard String(validating: entry.name, as: UTF8.self) != nil else { throw refusal("is not UTF-8") }
            guard entry.name.count <= 255 else { throw refusal("is longer than the 255 bytes that file systems take") }
            guard (path + name).utf8.count <= 1024 else { throw refusal("is a path of more than 1024 bytes") }
            switch entry.mode {
            case file, directory: break
            case 0o120000: throw refusal("is a symbolic link")
            case 0o160000: throw refusal("is a submodule")
            case 0o100755: throw refusal("is executable; files of a lineage are not")
            default: throw refusal("has the mode \(String(entry.mode, radix: 8)); only files and directories can be taken")
            }
            if let other = folded.updateValue(name, forKey: fold(name)) {
                throw refusal("and '\(shown(other))' are one name where file systems ignore case or spelling")
            }
            let isDirectory = entry.mode == directory
            let key = entry.name + (isDirectory ? [UInt8(ascii: "/")] : [])
            guard previous.lexicographicallyPrecedes(key) else { throw refusal("is out of git's order") }
            previous = key
            checked.append((name, isDirectory, entry.id))
        }
        return checked
    }

    /// What a file system that ignores case and Unicode spelling makes of a name.
    static func fold(_ name: String) -> String {
        name.decomposedStringWithCanonicalMapping.uppercased().lowercased().precomposedStringWithCanonicalMapping
    }

    /// A name from outside as it may be printed: no control characters, not endless.
    static func shown(_ name: String) -> String {
        let short = name.count > 120 ? name.prefix(80) + "…" + name.suffix(20) : name[...]
        return short.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : String($0) }.joined()
    }
}
