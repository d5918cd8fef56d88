import CanonicalJSON
import Foundation
import TestSupport
import Words

@testable import Engine

/// The tokenizer's files of a chat model, as importing leaves them.
struct ToolModelFolder {
    let place = TemporaryFolder()
    var folder: ModelFolder { ModelFolder(place.url) }

    /// The folder stays until it is read.
    func prompts(_ style: PromptStyle, callsNatively: Bool = true) throws -> PromptEncoder {
        try withExtendedLifetime(place) { try folder.prompts(style, callsNatively: callsNatively) }
    }

    let note: String?

    /// - Parameters:
    ///   - form: the form of calls that is noted, as importing does.
    ///   - change: of the chat template's text.
    init(_ template: ToolTemplate, _ form: AnswerForm? = nil, change: (String) -> String = { $0 }) throws {
        let texts = (0..<30).map { "turn on the light in room \($0)" } + ToolTemplate.all.map(\.call)
        let trained = try TokenizerTrainer(vocabularySize: 400, specialTokens: template.specialTokens).train(on: texts)
        var tokenizer = trained.tokenizerJSON.object ?? [:]
        let added = template.addedTokens.enumerated().map { number, content -> JSON in
            ["id": .count(trained.vocabularySize + number), "content": .string(content), "special": false]
        }
        tokenizer["added_tokens"] = .array((tokenizer["added_tokens"]?.array ?? []) + added)
        try place.write(.object(tokenizer), to: "tokenizer.json")
        let settings: JSON = [
            "chat_template": .string(change(template.text)), "eos_token": .string(template.specialTokens[0]),
            "bos_token": .string(template.specialTokens[1]),
        ]
        try place.write(settings, to: "tokenizer_config.json")
        // Every token that may end an answer.
        let ends = ["<|eot_id|>", "<end_of_turn>", "<start_function_response>"].compactMap { trained.id(of: $0) }
        try place.write(["eos_token_id": .array(([0] + ends).map(JSON.count))], to: "generation_config.json")
        note = try ModelFolder(place.url).noteCallForm(form)
    }
}
