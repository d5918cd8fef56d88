import CanonicalJSON

/// What a request of a load asks.
package enum LoadQuestion: Hashable, Sendable {
    /// A conversation, and the functions that may be called; those of the server where there are none.
    case chat(messages: [JSON], tools: [JSON])
    /// A text to go on with.
    case text(String)

    /// The question of a person who says nothing else.
    package static func query(_ text: String) -> LoadQuestion {
        .chat(messages: [["role": "user", "content": .string(text)]], tools: [])
    }

    package var interface: LoadClient.Interface { if case .text = self { .completions } else { .chat } }
}

/// What all requests of a load have in common.
package struct LoadSettings: Hashable, Sendable {
    /// As the server calls it.
    package var model: String
    /// Of an answer, at most.
    package var maxTokens: Int
    /// Further members of each request, such as `ignore_eos`; they change none of those that every request has.
    package var extra: [String: JSON]

    package init(model: String, maxTokens: Int, extra: [String: JSON] = [:]) {
        (self.model, self.maxTokens, self.extra) = (model, maxTokens, extra)
    }

    /// The body of a request: greedy, streamed, with the tokens counted at its end.
    package func body(_ question: LoadQuestion) -> [UInt8] {
        var members: [String: JSON] = [
            "model": .string(model), "max_tokens": .count(maxTokens), "temperature": 0, "stream": true,
            "stream_options": ["include_usage": true],
        ]
        switch question {
        case .chat(let messages, let tools):
            members["messages"] = .array(messages)
            if !tools.isEmpty { members["tools"] = .array(tools) }
        case .text(let text): members["prompt"] = .string(text)
        }
        return JSON.object(members.merging(extra) { own, _ in own }).writtenBytes
    }
}

/// Prompts of a stated length, of which a part is common to all. No two are alike.
///
/// A prompt is made of short English words, each of which is a token for most tokenizers of English; the tokens that a server
/// counts are in the results.
package struct PromptShape: Hashable, Sendable {
    package var promptTokens: Int
    /// Tokens with which every prompt begins.
    package var sharedTokens: Int

    package init(promptTokens: Int, sharedTokens: Int) {
        (self.promptTokens, self.sharedTokens) = (promptTokens, sharedTokens)
    }

    /// Words that tell one prompt from another, right behind the common part.
    package static let leastOwnTokens = 4

    /// - Parameters:
    ///   - number: of the prompt.
    ///   - uniform: a random number in [0, 1) for a prompt and a word in it, always the same one. That of prompt −1 gives the
    ///     common words.
    package func prompt(_ number: Int, uniform: (Int, Int) -> Double) -> String {
        let words = (0..<promptTokens).map { place -> String in
            let count = Self.words.count
            if place < sharedTokens { return Self.words[Int(uniform(-1, place) * Double(count))] }
            let own = place - sharedTokens
            if own < Self.leastOwnTokens {
                // The digits of the number, the last one first.
                let digit = (0..<own).reduce(number) { rest, _ in rest / count } % count
                return Self.words[digit]
            }
            return Self.words[Int(uniform(number, place) * Double(count))]
        }
        return words.joined(separator: " ")
    }

    private static let words = """
        the of and to in that it was for on are with as his they be at one have this from or had by hot but some what there we can \
        out other were all your when up use word how said an each she which do their time if will way about many then them would \
        write like so these her long make thing see him two has look more day could go come did my sound no most number who over \
        know water than call first people may down side been now find any new work part take get place made live where after back \
        little only round man year came show every good me give our under
        """.split(separator: " ").map(String.init)
}
