import CanonicalJSON
import ChatTemplates
import Foundation

extension ModelFolder {
    /// Imports the tokenizer's files of a published model, once they can be used.
    ///
    /// - Parameters:
    ///   - rows: of the model's embedding.
    ///   - day: what the chat template is told of today.
    func importTokenizer(from source: ModelFolder, rows: Int, day: String?) throws {
        var settings = try TokenizerSettings(readingFolder: source)
        let json = try source.readTokenizer()
        try Self.check(Tokenizer(parsing: json), rows: rows)
        settings.day = day
        settings.rules = TokenizerSettings.currentRules
        try Self.check(settings)
        try write(json, to: Tokenizer.file)
        try write(settings.json, to: TokenizerSettings.file)
    }

    /// Checks the tokenizer's files of this folder, and notes the day and the rules.
    func checkTokenizer(day: String?) throws {
        var settings = try TokenizerSettings(readingFolder: self)
        settings.day = day
        settings.rules = TokenizerSettings.currentRules
        _ = try tokenizer()
        try Self.check(settings)
        try write(settings.json, to: TokenizerSettings.file)
    }

    private static func check(_ tokenizer: Tokenizer, rows: Int) throws(ModelFileError) {
        guard tokenizer.vocabularySize > rows else { return }
        let beyond = tokenizer.spellings[rows...].firstIndex { $0 != nil } ?? rows
        throw ModelFileError(
            file: Tokenizer.file,
            reason:
                "the token '\(tokenizer.spellings[beyond] ?? "")' has the id \(beyond), and the model's embedding has \(rows) "
                + "rows; take tokens that the model does not know out of the file, or resize the embedding")
    }

    /// Every chat template must be readable, and must not ask for a day that is not stated.
    private static func check(_ settings: TokenizerSettings) throws(ModelFileError) {
        let day = try settings.templateDay()
        for (_, source) in settings.templates {
            let template = try settings.template(source)
            guard template.readsDay, day == nil else { continue }
            do throws(TemplateError) {
                for conversation in trials { try template.checkDay(conversation, settings.templateVariables) }
            } catch {
                throw ModelFileError(file: settings.templateSource, reason: error.description)
            }
        }
    }

    /// Conversations that find out whether a template asks for the day.
    private static let trials: [[String: TemplateValue]] = {
        func message(_ role: String) -> JSON { ["role": .string(role), "content": "Hi"] }
        let tool: JSON = ["type": "function", "function": ["name": "f", "description": "d", "parameters": ["type": "object"]]]
        let conversations: [(messages: JSON, tools: TemplateValue)] = [
            ([message("user")], .none), ([message("system"), message("user")], .none),
            ([message("user")], TemplateValue([tool])),
        ]
        return conversations.map {
            ["messages": TemplateValue($0.messages), "tools": $0.tools, "add_generation_prompt": .bool(true)]
        }
    }()
}

extension TokenizerSettings {
    private static let dayMember = "decant_date"

    /// What the chat template is told of today, as it was stated when the model was imported.
    var day: String? {
        get { members[Self.dayMember]?.string }
        set { members[Self.dayMember] = newValue.map(JSON.string) }
    }

    private static let rulesMember = "decant_rules"

    /// The rules by which added tokens and templates become prompts, 2 where only special tokens are kept out of texts. An imported
    /// model says which, so that nothing that was computed by other rules is taken for its results.
    static let currentRules = 2

    var rules: Int? {
        get { members[Self.rulesMember]?.integer }
        set { members[Self.rulesMember] = newValue.map(JSON.count) }
    }

    func templateDay() throws(ModelFileError) -> TemplateDay? {
        guard let day else { return nil }
        guard let found = TemplateDay(day) else {
            throw ModelFileError(file: Self.file, reason: "\(Self.dayMember) is '\(day)', which is no day as 2026-01-31 is")
        }
        return found
    }

    func template(_ source: String) throws(ModelFileError) -> ChatTemplate {
        do {
            return try ChatTemplate(source)
        } catch {
            throw ModelFileError(file: templateSource, reason: error.description)
        }
    }

    /// The template itself, or of several with names the first of those that are wanted.
    func template(named wanted: [String]) throws(ModelFileError) -> ChatTemplate {
        let templates = templates
        guard let found = wanted.lazy.compactMap({ name in templates.first { $0.name == name } }).first else {
            throw ModelFileError(
                file: Self.file,
                reason: "there is no chat_template and the tokenizer lacks Decant's special tokens, so no prompt can be made; "
                    + "write the model's template into \(Self.templateFile)")
        }
        return try template(found.source)
    }

    /// The special tokens' spellings under the names that templates know.
    var templateVariables: [String: TemplateValue] { namedTokens.mapValues { TemplateValue(text: $0) } }
}
