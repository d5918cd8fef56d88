import Foundation

/// What often lies where a file of a model should be.
enum Placeholder {
    /// The sentence's rest that says what a content is; `nil` where it is none of these.
    static func words(_ content: Data) -> String? {
        let start = String(decoding: content.prefix(64), as: UTF8.self).lowercased()
        if start.hasPrefix("version https://git-lfs.github.com/spec/") {
            return "it is a Git LFS pointer, and not the file that it points to; fetch that with 'git lfs pull'"
        }
        let text = start.drop { $0.isWhitespace }
        if text.hasPrefix("<!doctype") || text.hasPrefix("<html") {
            return "it is a web page, and not the file; download the file itself"
        }
        return nil
    }
}
