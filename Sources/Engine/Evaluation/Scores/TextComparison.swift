/// How alike a text and the wanted one are.
package struct TextComparison: Hashable, Sendable {
    package let wanted: String
    package let given: String

    package init(of given: String, with wanted: String) { (self.given, self.wanted) = (given, wanted) }

    /// The same Unicode scalars: composed and decomposed letters differ.
    package var isExact: Bool { wanted.unicodeScalars.elementsEqual(given.unicodeScalars) }

    /// Equal when normalized; see `NormalizedText`.
    package var isNormalizedExact: Bool { NormalizedText.words(of: wanted).elementsEqual(NormalizedText.words(of: given)) }

    /// F1 over the words of the normalized texts, each as often as it occurs, from 0 to 1.
    ///
    /// SQuAD's token F1. Where one text has no words, 1 if both have none, else 0 (SQuAD 2.0).
    package var tokenF1: Double {
        let (wanted, given) = (NormalizedText.words(of: wanted), NormalizedText.words(of: given))
        guard !wanted.isEmpty, !given.isEmpty else { return wanted.isEmpty && given.isEmpty ? 1 : 0 }
        var left: [[Unicode.Scalar]: Int] = [:]
        for word in wanted { left[word, default: 0] += 1 }
        var common = 0
        for word in given {
            guard let count = left[word], count > 0 else { continue }
            left[word] = count - 1
            common += 1
        }
        return Self.harmonicMean(Double(common) / Double(given.count), Double(common) / Double(wanted.count))
    }

    /// ROUGE-L: F1 over the longest common subsequence of words, from 0 to 1; 0 where a text has no words.
    ///
    /// Lin, "ROUGE" (2004), β = 1, as the package `rouge-score` computes it without a stemmer. Words are runs of the letters
    /// a to z and of digits in lower case: a text in another script has none.
    package var rougeL: Double {
        let (wanted, given) = (Self.plainWords(of: wanted), Self.plainWords(of: given))
        guard !wanted.isEmpty, !given.isEmpty else { return 0 }
        let common = Double(Self.longestCommonSubsequence(wanted, given))
        return Self.harmonicMean(common / Double(given.count), common / Double(wanted.count))
    }

    private static func plainWords(of text: String) -> [[UInt8]] {
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        return PythonText.lowercased(text).utf8.split { !letters.contains($0) && !digits.contains($0) }.map(Array.init)
    }

    private static func longestCommonSubsequence(_ a: [[UInt8]], _ b: [[UInt8]]) -> Int {
        var lengths = [Int](repeating: 0, count: b.count + 1)
        for word in a {
            var diagonal = 0
            for (place, other) in b.enumerated() {
                let above = lengths[place + 1]
                lengths[place + 1] = word == other ? diagonal + 1 : max(above, lengths[place])
                diagonal = above
            }
        }
        return lengths[b.count]
    }

    private static func harmonicMean(_ precision: Double, _ recall: Double) -> Double {
        precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0
    }
}

/// A text as SQuAD's evaluation compares it: in lower case, without ASCII punctuation, the words `a`, `an`, `the`, and surplus
/// white space.
package enum NormalizedText {
    private static let articles: Set<[Unicode.Scalar]> = [["a"], ["a", "n"], ["t", "h", "e"]]

    package static func of(_ text: String) -> String {
        words(of: text).map { String(String.UnicodeScalarView($0)) }.joined(separator: " ")
    }

    static func words(of text: String) -> [[Unicode.Scalar]] {
        let letters = PythonText.lowercased(text).unicodeScalars.filter { !isPunctuation($0) }
        return withoutArticles(Array(letters)).split(whereSeparator: PythonText.isSpace).map(Array.init)
    }

    /// A space takes the place of each article. Quotation marks, which are no ASCII, end a word too.
    private static func withoutArticles(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        var place = 0
        while place < text.count {
            let word = text[place...].prefix(while: PythonText.isWord)
            if word.isEmpty {
                result.append(text[place])
                place += 1
            } else {
                result += articles.contains(Array(word)) ? [" "] : word
                place = word.endIndex
            }
        }
        return result
    }

    /// Of `string.punctuation`: every visible ASCII character that is neither letter nor digit.
    private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        (0x21...0x7E).contains(scalar.value) && !PythonText.isWord(scalar)
    }
}
