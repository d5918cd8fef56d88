import RecipeLanguage
import Words

extension AnswerStyle {
    /// As a parameter that is absent for calls, so that keys of recipes without reasoning stay as they are.
    var unlessCall: AnswerStyle? { self == .call ? nil : self }

    /// Tokens of an answer at most, as written, or by default: a reasoning takes some more.
    func tokens(_ field: Spanned<Int>) -> Int {
        self == .reasoning && !field.isWritten ? Reinforcement.reasoningTokens : field.value
    }
}
