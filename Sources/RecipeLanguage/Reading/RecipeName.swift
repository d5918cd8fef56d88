import BuildModel
import Declarations
import Diagnostics
import Foundation

/// The name of a recipe, which is also its branch's in the store.
enum RecipeName {
    /// The name in the recipe; one made of the file's name where there is none.
    static func read(_ fields: Fields, _ field: Field<String>, of source: SourceText) -> Spanned<String> {
        let name = fields.value(field, default: standard(forFileAt: source.path))
        let shown = Diagnostic.shortened(name.value)
        if !name.value.isPlainName {
            fields.report(
                Diagnostic(
                    .badName, "'\(shown)' cannot name a recipe", at: name.span,
                    help: "use letters, digits, '-', '_' and '.', a letter or digit first: the name is also a branch"))
        } else if let meaning = GitName.otherMeaning(of: name.value) {
            fields.report(
                Diagnostic(
                    .badName,
                    "'\(shown)' cannot name a recipe: the name is also a branch, and git takes this one for \(meaning)",
                    at: name.span,
                    help: name.isWritten ? "choose another name" : "the file's name is the recipe's; add 'name: ANOTHER'"))
        }
        return name
    }

    /// The file's name without `.yaml`, `.yml` or `.json`, if that is a plain name. Else what is plain of it, with eight digits
    /// that tell it from other files of which the same is left.
    static func standard(forFileAt path: String) -> String {
        let file = path.utf8.split(separator: UInt8(ascii: "/")).last.map { String(decoding: $0, as: UTF8.self) } ?? ""
        let ending = [".yaml", ".yml", ".json"].first { file.lowercased().hasSuffix($0) } ?? ""
        let stem = String(file.dropLast(ending.count))
        if stem.isPlainName { return stem }
        let letters = stem.decomposedStringWithCanonicalMapping.unicodeScalars.filter {
            $0.properties.generalCategory != .nonspacingMark
        }
        let words = String(String.UnicodeScalarView(letters)).split {
            !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_"))
        }
        var plain = String(words.joined(separator: "-").prefix(60).drop { $0 == "_" })
        if plain.isEmpty { plain = "recipe" }
        return "\(plain)-\(Digest(hashing: stem).hex.prefix(8))"
    }
}
