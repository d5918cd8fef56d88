import BuildModel
import Foundation
import Store

/// A file that is there in place of one that is not: its name looks the same, or differs in case alone.
struct Lookalike {
    /// The path of the name that is missing, as far as it leads, and of the name that is there.
    private let wanted: String
    private let found: String

    /// `nil` where the path is there, or where nothing looks like it.
    init?(of path: String) {
        var folder = path.hasPrefix("/") ? "/" : "."
        for name in Artifact.components(of: path) where !name.isEmpty {
            let place = folder == "/" ? "/" + name : folder + "/" + name
            var status = stat()
            if lstat(place, &status) == 0 {
                folder = place
                continue
            }
            let there = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            let key = FileNames.folded(name)
            guard let other = there.first(where: { FileNames.folded($0) == key }) else { return nil }
            wanted = place.hasPrefix("./") ? String(place.dropFirst(2)) : place
            found = (place.hasPrefix("./") ? String(folder.dropFirst(folder == "." ? 1 : 2)) : folder) + "/" + other
            return
        }
        return nil
    }

    /// What is there, and what to do: a sentence without a full stop.
    var words: String {
        let there = found.hasPrefix("/") && !wanted.hasPrefix("/") ? String(found.dropFirst()) : found
        let how =
            there == wanted
            ? "whose name has the same letters in another Unicode form (\(Self.spelt(there)), not \(Self.spelt(wanted)))"
            : "whose name differs in upper and lower case, or in what nobody sees"
        return "there is '\(FileNames.shown(there))', \(how); write that name, or rename it: mv '\(there)' '\(wanted)'"
    }

    /// The last name with what is not ASCII as numbers.
    private static func spelt(_ path: String) -> String {
        let name = Artifact.components(of: path).last ?? path
        return name.unicodeScalars.map { scalar in
            scalar.isASCII ? String(scalar) : "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
        }.joined()
    }
}
