import CanonicalJSON
import Words

extension ModelFolder {
    /// Notes what prompts say of a function, once the tokenizer's files of an imported model are here.
    ///
    /// - Parameter wanted: as a recipe says. Without it, functions are described where the model's chat template shows none; a
    ///   model that Decant made stays as it is.
    func noteSignature(_ wanted: SignatureForm?) throws {
        var settings = try TokenizerSettings(readingFolder: self)
        guard let signature = try wanted ?? (hidesFunctions(settings) ? SignatureForm.described : nil),
            try settings.signature() != signature
        else { return }
        settings.members[TokenizerSettings.signatureMember] = .string(signature.rawValue)
        try write(settings.json, to: TokenizerSettings.file)
    }

    /// Whether a chat template writes the prompts, and shows no functions.
    private func hidesFunctions(_ settings: TokenizerSettings) throws -> Bool {
        let tokenizer = try tokenizer()
        if settings.templates.isEmpty || SpecialToken.allCases.allSatisfy({ tokenizer.id(of: $0) != nil }) { return false }
        // What cannot be used is refused where prompts are made.
        guard let template = try? settings.template(named: ["tool_use", "default"]) else { return false }
        return !template.readsTools
    }
}

extension TokenizerSettings {
    static let signatureMember = "decant_signature"

    /// What prompts say of a function; `nil` where nothing was noted.
    func signature() throws(ModelFileError) -> SignatureForm? {
        guard let word = members[Self.signatureMember]?.string else { return nil }
        guard let signature = SignatureForm(rawValue: word) else {
            let known = SignatureForm.allCases.map(\.rawValue).joined(separator: ", ")
            throw ModelFileError(
                file: Self.file, reason: "\(Self.signatureMember) is '\(word)', and the known ones are \(known)")
        }
        return signature
    }
}
