import CanonicalJSON
import Words

/// How a chat model writes the calls of functions: what its chat template renders, and what is read of its answers.
protocol CallForm: Sendable {
    /// As a model folder names the form.
    var name: String { get }
    /// The texts around calls, which may be special tokens.
    var marks: [String] { get }

    /// The calls of an answer, its special tokens included; none where it says words alone.
    ///
    /// - Throws: where the answer starts a call that is none.
    func calls(in answer: String) throws(RowError) -> [FunctionCall]

    /// All answers that call these functions up to a number of times, or any; nothing at all is one of them.
    func pattern(of functions: [FunctionDefinition], atMost most: Int?) -> BytePattern
}

/// The forms that are known.
enum CallForms {
    static let all: [any CallForm] = [
        HermesForm(), LlamaForm(), PythonicForm(), MistralForm(isList: true), MistralForm(isList: false), FunctionGemmaForm(),
    ]

    static func named(_ name: String) -> (any CallForm)? { all.first { $0.name == name } }
}

/// What a model said in its own form.
package struct NativeAnswer: Hashable, Sendable {
    /// The name of the form.
    package let form: String
    /// With special tokens, without the end token.
    package let text: String
}

extension NativeAnswer {
    /// Reads `{"form", "text"}`; `nil` for anything else.
    package init?(json: JSON?) {
        guard let form = json?["form"]?.string, let text = json?["text"]?.string else { return nil }
        self.init(form: form, text: text)
    }

    package var json: JSON { ["form": .string(form), "text": .string(text)] }
}

/// A model's response in Decant's spelling, whatever form the model has.
package struct ModelResponse: Hashable, Sendable {
    /// A list of calls; what the model said, unchanged, where that cannot be read.
    package var text: String
    /// `nil` for a model that answers in Decant's form.
    package var native: NativeAnswer?
    /// Why the model's answer cannot be read in its own form; `nil` where it can.
    package var fault: String?

    /// What a model said in its own form, where it calls nothing.
    package var words: String? { text == "[]" ? native?.text : nil }

    init(_ text: String) { self.text = text }

    /// - Parameter reasons: whether a reasoning stands before the calls.
    init(_ answer: NativeAnswer, in form: any CallForm, reasons: Bool = false) {
        native = answer
        do throws(RowError) {
            let calls = PromptStyle.response(of: try form.calls(in: answer.text))
            guard reasons else {
                text = calls
                return
            }
            text = ReasonedResponse(reasoning: try NativeReasoning.reasoning(in: answer.text), answer: calls).text
        } catch {
            // Where it happens to be a list of calls in Decant's form, it is none in its own.
            let isList = (try? CallParser.calls(in: answer.text).get()) != nil
            (text, fault) = (isList ? form.name + " " + answer.text : answer.text, error.description)
        }
    }
}

extension FunctionCall {
    /// Reads a call as chat models write it in JSON; an `id` and a `type` may stand in it too.
    ///
    /// - Parameter words: what the member of the arguments may be called.
    init(written json: JSON, arguments words: [String]) throws(RowError) {
        guard json.object != nil else { throw RowError("a call is no object") }
        guard let name = json["name"]?.string, !name.isEmpty else { throw RowError("a call has no 'name'") }
        if let unknown = json.sortedMembers.first(where: { !(["name", "id", "type"] + words).contains($0.key) }) {
            throw RowError("the call of '\(name)' has a field '\(unknown.key)'")
        }
        guard let arguments = words.lazy.compactMap({ json[$0]?.object }).first else {
            throw RowError("the call of '\(name)' has no '\(words[0])' object")
        }
        self.init(name: name, arguments: arguments)
    }
}

extension BytePattern {
    /// `{"name": "set_light", "parameters": {"room": "kitchen"}}`, as chat templates write calls.
    ///
    /// - Parameters:
    ///   - arguments: what the member of the arguments is called.
    ///   - takesID: whether an `id` of nine letters and digits may be the last member.
    static func writtenCall(
        of function: FunctionDefinition, arguments: String, takesID: Bool = false
    ) -> BytePattern {
        let json = ValueSpelling.spacedJSON
        let letter: BytePattern = .choice([
            digit, .byte(UInt8(ascii: "A")...UInt8(ascii: "Z")), .byte(UInt8(ascii: "a")...UInt8(ascii: "z")),
        ])
        let id: BytePattern = .optional(.sequence([.text(", \"id\": \""), .repeated(letter, 9...9), .text("\"")]))
        return .sequence([
            .text("{\"name\": " + json.quoted(function.name) + ", \"\(arguments)\": "), json.arguments(of: function),
            takesID ? id : .sequence([]), .text("}"),
        ])
    }
}

extension String {
    /// What follows a reasoning between `<think>` and `</think>`, whose start may stand in the prompt.
    ///
    /// - Parameter mark: starts a call; a reasoning ends before the first one, or starts the answer.
    func withoutReasoning(before mark: String) -> Substring {
        let text = self[...].drop { $0.isWhitespace }
        guard let end = text.firstRange(of: "</think>") else { return text.hasPrefix("<think>") ? "" : self[...] }
        let isBefore = text.firstRange(of: mark).map { end.lowerBound < $0.lowerBound } ?? true
        return text.hasPrefix("<think>") || isBefore ? text[end.upperBound...] : self[...]
    }
}
