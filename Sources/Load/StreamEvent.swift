import CanonicalJSON

/// What an event of a streamed answer says, of a chat or of a completion.
struct StreamEvent: Hashable {
    /// Whether it holds some of the answer: words, calls or reasoning.
    var hasContent = false
    var usage: TokenUsage?
    /// What the server says where it failed within the answer.
    var error: String?
    /// Whether it is nothing that the interface has.
    var isMalformed = false

    /// - Parameter data: of a server-sent event.
    init(_ data: [UInt8]) {
        if Self.isPlainPiece(data) {
            hasContent = true
        } else if data.elementsEqual("[DONE]".utf8) {
            return
        } else if let json = try? JSON(parsing: data), json.object != nil {
            read(json)
        } else {
            isMalformed = true
        }
    }

    private mutating func read(_ json: JSON) {
        if let failure = json["error"], failure != .null {
            error = failure["message"]?.string ?? failure.string ?? "an error without a message"
        }
        for choice in json["choices"]?.array ?? [] where !hasContent { hasContent = Self.hasContent(choice) }
        usage = json["usage"].flatMap { TokenUsage($0) }
    }

    private static func hasContent(_ choice: JSON) -> Bool {
        let delta = choice["delta"] ?? [:]
        let texts = [choice["text"], delta["content"], delta["reasoning_content"], delta["reasoning"], delta["refusal"]]
        return texts.contains { $0?.string?.isEmpty == false } || delta["tool_calls"]?.array?.isEmpty == false
    }

    /// Whether the event can be nothing but a piece of the answer, without a look at all of it: thousands come in a second.
    ///
    /// Within a text of JSON a quotation mark has a backslash before it, so these bytes are a member's name and what its value
    /// begins with.
    private static func isPlainPiece(_ data: [UInt8]) -> Bool {
        data.withUnsafeBufferPointer { bytes in
            let begins = beginnings.contains { name in
                guard let end = bytes.end(of: name), end < bytes.count else { return false }
                return bytes[end] != UInt8(ascii: "\"")
            }
            return begins && bytes.end(of: usageName) == nil && bytes.end(of: errorName) == nil
        }
    }

    private static let beginnings = [#""content":""#, #""arguments":""#, #""text":""#].map { Array($0.utf8) }
    private static let usageName = Array(#""usage":{"#.utf8)
    private static let errorName = Array(#""error":"#.utf8)
}

/// How many tokens an answer took, as the server counts them.
package struct TokenUsage: Hashable, Sendable {
    package var prompt: Int
    /// Of the prompt's, those whose keys and values were kept from earlier prompts; `nil` where the server does not say.
    package var cached: Int?
    package var answer: Int

    package init(prompt: Int, cached: Int? = nil, answer: Int) {
        (self.prompt, self.cached, self.answer) = (prompt, cached, answer)
    }

    /// `nil` for a value that counts nothing.
    init?(_ usage: JSON) {
        guard let answer = usage["completion_tokens"]?.integer, answer >= 0 else { return nil }
        self.init(
            prompt: usage["prompt_tokens"]?.integer ?? 0,
            cached: usage["prompt_tokens_details"]?["cached_tokens"]?.integer, answer: answer)
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Where the first occurrence of some bytes ends; `nil` where there is none.
    fileprivate func end(of word: [UInt8]) -> Int? {
        guard let head = word.first, count >= word.count else { return nil }
        var start = 0
        let last = count - word.count
        while start <= last {
            if self[start] == head {
                var length = 1
                while length < word.count, self[start + length] == word[length] { length += 1 }
                if length == word.count { return start + word.count }
            }
            start += 1
        }
        return nil
    }
}
