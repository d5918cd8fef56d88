/// Names of branches and tags that git takes for something else, and warns of at every command.
package enum GitName {
    /// What git takes a name for; `nil` where it takes it for the branch or the tag that it names.
    package static func otherMeaning(of name: String) -> String? {
        if name == "HEAD" || name == "@" { return "the branch that is checked out" }
        if name.hasSuffix("_HEAD"), name.utf8.allSatisfy({ (0x41...0x5A).contains($0) || $0 == UInt8(ascii: "_") }) {
            return "a note of its own on what it is doing"
        }
        if notes.contains(name) { return "a note of its own on what it is doing" }
        if [40, 64].contains(name.utf8.count), name.utf8.allSatisfy(isHexadecimal) { return "a commit's id" }
        let folder = name.prefix { $0 != "/" }
        if folder.utf8.count < name.utf8.count, folders.contains(String(folder)) { return "a ref in refs/\(folder)" }
        return nil
    }

    private static let notes: Set<String> = [
        "AUTO_MERGE", "BISECT_EXPECTED_REV", "MERGE_AUTOSTASH", "NOTES_MERGE_PARTIAL", "NOTES_MERGE_REF",
    ]
    private static let folders: Set<String> = ["refs", "heads", "tags", "remotes", "notes", "decant"]

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
