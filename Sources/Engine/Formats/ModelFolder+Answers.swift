import CanonicalJSON
import Words

extension ModelFolder {
    /// Notes in which form the model calls functions, once all files of an imported model are here.
    ///
    /// - Parameter wanted: as a recipe says; without it, the model's own form where one is recognized.
    /// - Returns: what was found, for people; `nil` where there is no choice.
    /// - Throws: where the model's own form is wanted and cannot be used.
    func noteCallForm(_ wanted: AnswerForm?) throws -> String? {
        let settings = try TokenizerSettings(readingFolder: self)
        let thinks = wanted == .thinking
        guard wanted != .decant, wanted != nil || !settings.templates.isEmpty else {
            try note(nil, in: settings)
            return nil
        }
        switch try recognizedForm(settings, thinks: thinks) {
        case .success(let form):
            try note(form, thinks: thinks, in: settings)
            return "the model calls functions in its own form, '\(form.name)'" + (thinks ? ", and reasons before it does" : "")
        case .failure(let reason):
            try note(nil, in: settings)
            guard wanted == nil else {
                throw ModelFileError(
                    file: settings.templateSource,
                    reason: "the model cannot call functions in a form of its own: \(reason); write 'answer: decant'")
            }
            return "the model calls functions in Decant's form: \(reason)"
        }
    }

    /// An earlier import may have noted another form.
    private func note(_ form: (any CallForm)?, thinks: Bool = false, in settings: TokenizerSettings) throws {
        guard settings.formName != form?.name || settings.thinksNatively != thinks else { return }
        var settings = settings
        settings.formName = form?.name
        settings.thinksNatively = thinks
        try write(settings.json, to: TokenizerSettings.file)
    }

    /// The form that reads what the chat template writes for a call, and that finds no call in words.
    ///
    /// - Parameter thinks: whether answers start with a reasoning.
    private func recognizedForm(
        _ settings: TokenizerSettings, thinks: Bool
    ) throws(ModelFileError) -> Result<any CallForm, RowError> {
        let tokenizer = try tokenizer()
        func failure(_ reason: String) -> Result<any CallForm, RowError> { .failure(RowError(reason)) }
        if SpecialToken.allCases.allSatisfy({ tokenizer.id(of: $0) != nil }) {
            return failure("its tokenizer has Decant's special tokens")
        }
        guard !settings.templates.isEmpty else { return failure("it has no chat template") }
        let encoder: PromptEncoder
        do throws(ModelFileError) {
            encoder = try prompts(.tools, settings, tokenizer, thinks: thinks, calls: true)
        } catch {
            return failure(error.reason)
        }
        guard case .chat(let chat) = encoder.markup, chat.template.readsTools else {
            return failure("its chat template shows no tools")
        }
        guard chat.template.readsCalls else { return failure("its chat template writes no calls") }
        do throws(RowError) {
            let (call, words) = (try encoder.text(of: CallProbe.calling), try encoder.text(of: CallProbe.speaking))
            let forms = CallForms.all.filter { $0.reads(call, as: [CallProbe.call]) && $0.reads(words, as: []) }
            guard let form = forms.first else { return failure("no known form reads the call that it writes, '\(call)'") }
            guard forms.count == 1 else {
                return failure("several forms read its calls: " + forms.map(\.name).joined(separator: ", "))
            }
            guard !thinks || form is HermesForm else {
                return failure("a reasoning goes before calls in the form 'hermes' alone, and its own is '\(form.name)'")
            }
            return .success(form)
        } catch {
            return .failure(error)
        }
    }
}

extension TokenizerSettings {
    static let formMember = "decant_calls"
    static let reasoningMember = "decant_reasons"

    /// Whether a reasoning before calls is in the model's own form too.
    var thinksNatively: Bool {
        get { members[Self.reasoningMember]?.bool ?? false }
        set { members[Self.reasoningMember] = newValue ? JSON.bool(true) : nil }
    }

    /// The form in which the model calls functions; `nil` for Decant's.
    var formName: String? {
        get { members[Self.formMember]?.string }
        set { members[Self.formMember] = newValue.map(JSON.string) }
    }

    func callForm() throws(ModelFileError) -> (any CallForm)? {
        guard let formName else { return nil }
        guard let form = CallForms.named(formName) else {
            let known = CallForms.all.map(\.name).joined(separator: ", ")
            throw ModelFileError(
                file: Self.file, reason: "\(Self.formMember) is '\(formName)', and the known forms are \(known)")
        }
        return form
    }
}

extension ModelFolder {
    /// The form that a `tokenizer_config.json` names; `nil` for Decant's.
    package static func callFormName(in settings: JSON) -> String? {
        callFormName(
            settings[TokenizerSettings.formMember]?.string, thinks: settings[TokenizerSettings.reasoningMember]?.bool ?? false)
    }

    private static func callFormName(_ form: String?, thinks: Bool) -> String? {
        form.map { $0 + (thinks ? " with reasonings" : "") }
    }

    /// The name of the form in which the model calls functions; `nil` for Decant's, and where the folder has no tokenizer.
    package func callFormName() throws(ModelFileError) -> String? {
        let settings = try TokenizerSettings(readingFolder: self)
        return Self.callFormName(try settings.callForm()?.name, thinks: settings.thinksNatively)
    }
}

/// A question with answers that find out how a chat template writes them.
enum CallProbe {
    static let call = FunctionCall(
        name: "set_light",
        arguments: [
            "colors": ["red", "warm white"], "level": 40, "on": true, "room": "Ann's \"den\",\nupstairs", "speed": 0.5,
        ])
    static let row = Row(
        id: "probe", query: "Light in the den, please.", functions: ["set_light"], definitions: [function], answers: [call])
    static let calling = ChatMessage(calling: [call], else: "", functions: [function])
    static let speaking = ChatMessage(role: .assistant, content: "It is light already.")

    private static let function = FunctionDefinition(
        name: "set_light", summary: "Set a light.",
        parameters: [
            "type": "object", "required": ["room"],
            "properties": [
                "colors": ["type": "array", "items": ["type": "string"], "description": "Colors."],
                "level": ["type": "integer", "description": "Percent."],
                "on": ["type": "boolean", "description": "On or off."],
                "room": ["type": "string", "description": "Where."], "speed": ["type": "number", "description": "Seconds."],
            ],
        ])
}

extension PromptEncoder {
    /// The encoder for a model that calls in a form of its own. The token that ends its calls comes first among the end tokens.
    func answering(in form: any CallForm) -> PromptEncoder {
        var encoder = self
        encoder.form = form
        // A probe that the template refuses here was refused at import.
        if let end = try? nativeTokens(of: CallProbe.calling, to: CallProbe.row, functions: [:]).last {
            encoder.endTokens = [end] + endTokens.filter { $0 != end }
        }
        encoder.wordsEnd = try? nativeTokens(of: CallProbe.speaking, to: CallProbe.row, functions: [:]).last
        return encoder
    }

    /// What the chat template writes for an assistant's message, without the end token.
    fileprivate func text(of message: ChatMessage) throws(RowError) -> String {
        let tokens = try nativeTokens(of: message, to: CallProbe.row, functions: [:])
        return tokenizer.decodeWithSpecialTokens(tokens.dropLast().map(Int.init))
    }
}

extension CallForm {
    fileprivate func reads(_ answer: String, as calls: [FunctionCall]) -> Bool {
        (try? self.calls(in: answer).map(\.canonical)) == calls.map(\.canonical)
    }
}
