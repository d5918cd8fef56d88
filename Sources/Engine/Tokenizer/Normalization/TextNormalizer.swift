import CanonicalJSON

/// The steps that change a text before it is cut into pieces: `normalizer` of a `tokenizer.json`.
struct TextNormalizer: Hashable, Sendable {
    enum Step: Hashable, Sendable {
        case form(NormalizationForm)
        case prepend(String)
        case replace(TextSplit.Pattern, by: String)
        case strip(left: Bool, right: Bool)
        case lowercase
        case stripAccents
        case precompiled(PrecompiledCharacters)
    }

    var steps: [Step] = []

    static let compose = TextNormalizer(steps: [.form(.c)])

    /// Calls `body` with the normalized text.
    func withNormalized(
        _ text: UnsafeBufferPointer<UInt8>, at place: TextPlace, _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        switch steps.count {
        case 0: body(text)
        default: Self.withNormalized(text, at: place, after: steps[...], body)
        }
    }

    func normalized(_ text: String) -> String {
        var text = text
        return text.withUTF8 { bytes in
            var result = ""
            withNormalized(bytes, at: .start) { result = String(decoding: $0, as: UTF8.self) }
            return result
        }
    }

    private static func withNormalized(
        _ text: UnsafeBufferPointer<UInt8>, at place: TextPlace, after steps: ArraySlice<Step>,
        _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        guard let step = steps.first else { return body(text) }
        if let changed = step.changed(text, at: place) {
            changed.withUnsafeBufferPointer { withNormalized($0, at: place, after: steps.dropFirst(), body) }
        } else {
            withNormalized(text, at: place, after: steps.dropFirst(), body)
        }
    }
}

extension TextNormalizer.Step {
    /// The changed text; nil where it stays as it is.
    func changed(_ text: UnsafeBufferPointer<UInt8>, at place: TextPlace) -> [UInt8]? {
        switch self {
        case .form(let form): return form.applied(to: text)
        case .prepend(let prefix): return text.isEmpty || place == .continued ? nil : Array(prefix.utf8) + text
        case .replace(let pattern, let content): return Self.replaced(pattern, by: Array(content.utf8), in: text)
        case .strip(let left, let right):
            let scanner = PieceScanner(text)
            var (start, end) = (left ? scanner.whiteSpace(from: 0).end : 0, text.count)
            while right, end > start {
                let last = text.startOfCharacter(before: end)
                guard scanner.characterClass(at: last).contains(.whiteSpace) else { break }
                end = last
            }
            return start == 0 && end == text.count ? nil : Array(text[start..<end])
        case .lowercase:
            let scalars = String(decoding: text, as: UTF8.self).unicodeScalars
            return scalars.reduce(into: []) { $0 += $1.properties.lowercaseMapping.utf8 }
        case .stripAccents:
            var kept = String.UnicodeScalarView()
            kept.append(
                contentsOf: String(decoding: text, as: UTF8.self).unicodeScalars.lazy.filter { !Decomposition.isMark($0) })
            return Array(String(kept).utf8)
        case .precompiled(let characters): return characters.normalized(text)
        }
    }

    private static func replaced(
        _ pattern: TextSplit.Pattern, by content: [UInt8], in text: UnsafeBufferPointer<UInt8>
    ) -> [UInt8]? {
        var result: [UInt8] = []
        var last = 0
        func replace(_ range: Range<Int>) {
            if last == 0 { result.reserveCapacity(text.count + text.count / 2) }
            result += text[last..<range.lowerBound]
            result += content
            last = range.upperBound
        }
        switch pattern {
        case .text(let wanted): text.forEachPlace(of: Array(wanted.utf8), replace)
        case .expression(let expression): expression.forEachMatch(in: text, replace)
        case .character, .words: break
        }
        return last == 0 ? nil : result + text[last...]
    }
}

extension TextNormalizer {
    /// - Throws: a fault that names what is not supported.
    init(parsing json: JSON?) throws(TokenizerFault) {
        steps = try Self.steps(json ?? .null)
    }

    private static func steps(_ json: JSON) throws(TokenizerFault) -> [Step] {
        switch json["type"]?.string {
        case nil where json == .null: return []
        case "Sequence":
            var steps: [Step] = []
            for part in json["normalizers"]?.array ?? [] { steps += try self.steps(part) }
            return steps
        case "NFC": return [.form(.c)]
        case "NFD": return [.form(.d)]
        case "NFKC": return [.form(.kc)]
        case "NFKD": return [.form(.kd)]
        case "Prepend": return [.prepend(try text(json["prepend"], of: "Prepend"))]
        case "Replace": return [.replace(try pattern(json["pattern"]), by: try text(json["content"], of: "Replace"))]
        case "Strip": return [.strip(left: json["strip_left"] == true, right: json["strip_right"] == true)]
        case "Lowercase": return [.lowercase]
        case "StripAccents": return [.stripAccents]
        case "Precompiled":
            return [.precompiled(try PrecompiledCharacters(base64: try text(json["precompiled_charsmap"], of: "Precompiled")))]
        case let type:
            throw TokenizerFault(
                "it has the normalizer '\(type ?? "?")'; those that can be read are Lowercase, NFC, NFD, NFKC, NFKD, "
                    + "Precompiled, Prepend, Replace, Strip and StripAccents")
        }
    }

    private static func text(_ json: JSON?, of step: String) throws(TokenizerFault) -> String {
        guard let text = json?.string else { throw TokenizerFault("its normalizer \(step) has no text") }
        return text
    }

    static func pattern(_ json: JSON?) throws(TokenizerFault) -> TextSplit.Pattern {
        if let text = json?["String"]?.string, !text.isEmpty { return .text(text) }
        guard let expression = json?["Regex"]?.string else {
            throw TokenizerFault("its Replace has the pattern \(json?.canonicalText ?? "none")")
        }
        return .expression(try PieceExpression(expression))
    }
}
