import Foundation

/// A name or a path of a file, compared by its bytes.
///
/// `String` takes two names of the same letters in two Unicode forms for equal. Linux keeps both files.
package struct FileName: Hashable, Comparable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    package let text: String

    package init(_ text: String) { self.text = text }
    package init(stringLiteral text: String) { self.text = text }

    package var description: String { text }

    package static func == (left: FileName, right: FileName) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    package static func < (left: FileName, right: FileName) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// Whether it is a folder, or something in it.
    package func lies(in folder: FileName) -> Bool {
        let rest = text.utf8.dropFirst(folder.text.utf8.count)
        return text.utf8.starts(with: folder.text.utf8) && (rest.isEmpty || rest.first == UInt8(ascii: "/"))
    }
}

/// The one rule for names that leave this machine: every common file system can hold them, and keeps them apart.
///
/// A stage's outputs are held to it when they are taken, and a remote's artifacts when they are received. What one side takes,
/// the other side takes too.
package enum FileNames {
    /// Why files with these paths cannot be an artifact, in words that name them and say what to do; `nil` where they can.
    package static func fault(in paths: some Sequence<String>) -> String? {
        var names: [[UInt8]: FileName] = [:]
        var files: Set<FileName> = []
        for path in paths {
            guard Artifact.isPortable(path: path) else {
                return "'\(shown(path))' is not a portable name; use UTF-8 without control characters, '\\' or '.git', at most "
                    + "255 bytes a name and 1024 a path"
            }
            guard files.insert(FileName(path)).inserted else { return "'\(shown(path))' is there twice" }
            var (prefix, key) = ("", [UInt8]())
            for name in Artifact.components(of: path) {
                prefix += prefix.isEmpty ? name : "/" + name
                key += (key.isEmpty ? [] : [UInt8(ascii: "/")]) + folded(name)
                guard let other = names[key] else {
                    if let fault = fault(of: name) { return "'\(shown(prefix))' \(fault); give it another name" }
                    names[key] = FileName(prefix)
                    continue
                }
                if other != FileName(prefix) { return words(for: other.text, and: prefix) + "; give one of them another name" }
            }
        }
        return nil
    }

    /// Why no artifact can have a file or a folder of this name, whatever else is there: words that follow the name.
    package static func fault(of name: String) -> String? {
        if let last = name.utf8.last, last == UInt8(ascii: ".") || last == UInt8(ascii: " ") {
            return "ends with a dot or a space, which Windows leaves out"
        }
        if devices.contains(name.prefix { $0 != "." && $0 != ":" }.uppercased().trimmingSpaces) {
            return "is a device on Windows, not a file"
        }
        return folded(name).isEmpty ? "has no character that all file systems see" : nil
    }

    /// What two names are that `folded` takes for one.
    package static func words(for first: String, and second: String) -> String {
        let form = first == second ? " (the same letters in two Unicode forms)" : ""
        return "'\(shown(first))' and '\(shown(second))'\(form) are one name where file systems ignore case or spelling"
    }

    /// What the file system makes of a name that tells the fewest names apart: without case, without Unicode form, without
    /// what some do not see (HFS+, and ext4 where it ignores case).
    package static func folded(_ name: String) -> [UInt8] {
        if name.utf8.allSatisfy({ $0 < 0x80 }) {
            return name.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        }
        // Small, capital, small: capital ẞ has a small letter that two capitals are the capitals of.
        let letters = name.lowercased().uppercased().lowercased().decomposed
        return Array(String(String.UnicodeScalarView(letters.unicodeScalars.filter { !isIgnored($0) })).decomposed.utf8)
    }

    /// Whether some file system reads a name as if this scalar were not there.
    static func isIgnored(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isDefaultIgnorableCodePoint }

    /// Names from Windows' documentation of file names; an extension does not make a file of them.
    private static let devices: Set<String> = {
        let numbered = ["COM", "LPT"].flatMap { port in
            ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³"].map { port + $0 }
        }
        return Set(["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"] + numbered)
    }()

    /// A name from outside as it may be printed: no control characters, not endless.
    package static func shown(_ name: String) -> String {
        let short = name.count > 120 ? name.prefix(80) + "…" + name.suffix(20) : name[...]
        return short.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : String($0) }.joined()
    }
}

extension String {
    /// In Unicode's decomposed form.
    fileprivate var decomposed: String { decomposedStringWithCanonicalMapping }

    fileprivate var trimmingSpaces: String {
        var text = self[...]
        while text.hasSuffix(" ") { text.removeLast() }
        return String(text)
    }
}
