import CanonicalJSON
import Foundation

/// BERT's tokenizer, which divides words greedily into the longest pieces of a vocabulary (Devlin et al., arXiv 1810.04805).
///
/// Text never becomes a special token: `[SEP]` in a text is two brackets and a word.
package struct WordPieceTokenizer: Sendable {
    /// Ids by the bytes of the pieces; pieces within a word begin with `##`.
    private let ids: [[UInt8]: Int32]
    private let longestPiece: Int
    private let settings: Settings
    private let unknown: Int32
    private let begin: Int32
    private let end: Int32

    struct Settings: Hashable, Sendable {
        var normalizer = BertNormalizer()
        var unknown = "[UNK]"
        var begin = "[CLS]"
        var end = "[SEP]"
        var continuation = "##"
        /// A word with more scalars is unknown.
        var longestWord = 100
    }

    /// - Throws: a fault where the vocabulary lacks a special token.
    init(vocabulary ids: [[UInt8]: Int32], _ settings: Settings) throws(TokenizerFault) {
        func id(_ token: String) throws(TokenizerFault) -> Int32 {
            guard let id = ids[Array(token.utf8)] else { throw TokenizerFault("the vocabulary has no token '\(token)'") }
            return id
        }
        unknown = try id(settings.unknown)
        begin = try id(settings.begin)
        end = try id(settings.end)
        self.ids = ids
        longestPiece = ids.keys.map(\.count).max() ?? 0
        self.settings = settings
    }

    var largestID: Int? { ids.values.max().map(Int.init) }

    /// The tokens of a text between the begin and end tokens; at most `limit` with both. A longer text is cut off.
    package func encode(_ text: String, atMost limit: Int = .max) -> [Int32] {
        var tokens = [begin]
        for word in settings.normalizer.words(of: text) {
            if tokens.count >= limit - 1 { break }
            append(word, to: &tokens)
        }
        return tokens.prefix(max(1, limit - 1)) + [end]
    }

    /// The tokens of words between the begin and end tokens, at most `limit` with both, and the place of each word's first token:
    /// `nil` for a word without any, and for those that no longer fit.
    package func encode(words: [String], atMost limit: Int = .max) -> (tokens: [Int32], starts: [Int?]) {
        var tokens = [begin]
        var starts: [Int?] = []
        for word in words {
            let start = tokens.count
            for piece in settings.normalizer.words(of: word) where tokens.count < limit - 1 { append(piece, to: &tokens) }
            starts.append(tokens.count > start ? start : nil)
        }
        return (tokens.prefix(max(1, limit - 1)) + [end], starts)
    }

    /// Appends the longest pieces from left to right. A word that pieces cannot spell becomes one unknown token.
    private func append(_ word: [Unicode.Scalar], to tokens: inout [Int32]) {
        let start = tokens.count
        var first = 0
        if word.count <= settings.longestWord {
            while first < word.count {
                guard let (id, end) = longest(in: word, from: first) else { break }
                tokens.append(id)
                first = end
            }
        }
        guard first < word.count else { return }
        tokens.removeSubrange(start...)
        tokens.append(unknown)
    }

    private func longest(in word: [Unicode.Scalar], from first: Int) -> (id: Int32, end: Int)? {
        var piece = first == 0 ? [] : Array(settings.continuation.utf8)
        // Where each scalar of the piece ends, in bytes.
        var ends: [Int] = []
        for scalar in word[first...] {
            piece.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
            if piece.count > longestPiece { break }
            ends.append(piece.count)
        }
        for (index, end) in ends.enumerated().reversed() {
            piece.removeSubrange(end...)
            if let id = ids[piece] { return (id, first + index + 1) }
        }
        return nil
    }
}

extension WordPieceTokenizer {
    /// Reads `tokenizer.json` of a folder; where it is missing, `vocab.txt` and `tokenizer_config.json`.
    package init(readingFolder url: URL) throws(ModelFileError) {
        let folder = ModelFolder(url)
        let configuration = "tokenizer_config.json"
        if folder.has(Tokenizer.file) {
            try self.init(parsing: try folder.readJSON(Tokenizer.file))
        } else if let lines = FileManager.default.contents(atPath: url.appending(path: Self.vocabularyFile).path) {
            try self.init(lines: lines, configuration: folder.has(configuration) ? try folder.readJSON(configuration) : [:])
        } else {
            throw ModelFileError(file: Tokenizer.file, reason: "the file is missing, and \(Self.vocabularyFile) too")
        }
    }

    static let vocabularyFile = "vocab.txt"

    /// Reads a `tokenizer.json` as the `tokenizers` library saves BERT's.
    /// - Throws: an error that names what is not supported.
    package init(parsing json: JSON) throws(ModelFileError) {
        do throws(TokenizerFault) {
            var settings = Settings()
            let model = json["model"] ?? .null
            try Self.check(model, is: "WordPiece", "model")
            let normalizer = json["normalizer"] ?? .null
            try Self.check(normalizer, is: "BertNormalizer", "normalizer")
            try Self.check(json["pre_tokenizer"] ?? .null, is: "BertPreTokenizer", "pre_tokenizer")
            settings.normalizer = Self.normalizer(
                cleans: normalizer["clean_text"], chinese: normalizer["handle_chinese_chars"],
                accents: normalizer["strip_accents"], lowers: normalizer["lowercase"])
            settings.unknown = model["unk_token"]?.string ?? settings.unknown
            settings.continuation = model["continuing_subword_prefix"]?.string ?? settings.continuation
            settings.longestWord = model["max_input_chars_per_word"]?.integer ?? settings.longestWord
            (settings.begin, settings.end) = try Self.frame(json["post_processor"] ?? .null)
            try self.init(vocabulary: try Self.vocabulary(model["vocab"]), settings)
        } catch {
            throw ModelFileError(file: Tokenizer.file, reason: error.description)
        }
    }

    /// Reads one piece from each line; the line's number is the piece's id.
    private init(lines content: Data, configuration: JSON) throws(ModelFileError) {
        var vocabulary: [[UInt8]: Int32] = [:]
        let lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (id, line) in lines.enumerated() where id < lines.count - 1 || !line.isEmpty {
            vocabulary[Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)] = Int32(truncatingIfNeeded: id)
        }
        var settings = Settings()
        settings.normalizer = Self.normalizer(
            cleans: nil, chinese: configuration["tokenize_chinese_chars"], accents: configuration["strip_accents"],
            lowers: configuration["do_lower_case"])
        do throws(TokenizerFault) {
            try self.init(vocabulary: vocabulary, settings)
        } catch {
            throw ModelFileError(file: Self.vocabularyFile, reason: error.description)
        }
    }

    private static func check(_ json: JSON, is type: String, _ name: String) throws(TokenizerFault) {
        guard json["type"]?.string == type else {
            throw TokenizerFault(
                "its \(name) is of type \(json["type"]?.canonicalText ?? "none"); an encoder's must be \(type)")
        }
    }

    /// Accents are removed where the file does not mention them and capitals become lower case.
    private static func normalizer(cleans: JSON?, chinese: JSON?, accents: JSON?, lowers: JSON?) -> BertNormalizer {
        let lowersCase = lowers?.bool ?? true
        return BertNormalizer(
            cleansText: cleans?.bool ?? true, separatesChinese: chinese?.bool ?? true,
            stripsAccents: accents?.bool ?? lowersCase, lowersCase: lowersCase)
    }

    private static func vocabulary(_ json: JSON?) throws(TokenizerFault) -> [[UInt8]: Int32] {
        guard let members = json?.object else { throw TokenizerFault("the model has no vocab") }
        var vocabulary: [[UInt8]: Int32] = [:]
        var seen: Set<Int32> = []
        for (piece, value) in members {
            guard let id = value.integer.flatMap({ Int32(exactly: $0) }), id >= 0 else {
                throw TokenizerFault("the id of the piece '\(piece)' is \(value.canonicalText)")
            }
            guard seen.insert(id).inserted else {
                throw TokenizerFault("two pieces have the id \(id), '\(piece)' is one of them")
            }
            vocabulary[Array(piece.utf8)] = id
        }
        return vocabulary
    }

    /// The tokens before and after a text, of `TemplateProcessing` or `BertProcessing`.
    private static func frame(_ json: JSON) throws(TokenizerFault) -> (begin: String, end: String) {
        switch json["type"]?.string {
        case "BertProcessing":
            if let begin = json["cls"]?[0]?.string, let end = json["sep"]?[0]?.string { return (begin, end) }
        case "TemplateProcessing":
            let frame = try? TemplateFrame(json) { name in [name] }
            if let frame, frame.before.count == 1, frame.after.count == 1 { return (frame.before[0], frame.after[0]) }
        default: break
        }
        throw TokenizerFault("its post_processor does not put one token before a text and one behind it")
    }
}
