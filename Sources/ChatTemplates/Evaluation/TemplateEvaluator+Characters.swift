extension TemplateEvaluator {
    /// Whether a text has characters of the kind that a method such as `isdigit` asks for.
    func isOfKind(_ method: TemplateMethod, _ text: String) throws(TemplateError) -> Bool {
        let scalars = text.unicodeScalars
        switch method {
        case .isascii: return text.utf8.allSatisfy { $0 < 0x80 }
        case .isprintable: return scalars.allSatisfy(\.isPrintable)
        case .islower, .isupper:
            let cased = scalars.filter { $0.properties.isCased }
            return !cased.isEmpty
                && cased.allSatisfy { method == .islower ? $0.properties.isLowercase : $0.properties.isUppercase }
        case .istitle:
            var (followsLetter, hasLetter) = (false, false)
            for scalar in scalars {
                let properties = scalar.properties
                let isLarge = properties.isUppercase || properties.generalCategory == .titlecaseLetter
                if isLarge && followsLetter || properties.isLowercase && !followsLetter { return false }
                followsLetter = isLarge || properties.isLowercase
                hasLetter = hasLetter || followsLetter
            }
            return hasLetter
        default: break
        }
        guard !scalars.isEmpty else { return false }
        return scalars.allSatisfy { scalar in
            let number = scalar.properties.numericType
            return switch method {
            case .isspace: scalar.isPythonSpace
            case .isalpha: scalar.isLetter
            case .isdecimal: number == .decimal
            case .isdigit: number == .decimal || number == .digit
            case .isnumeric: number != nil
            default: scalar.isLetter || number != nil
            }
        }
    }
}
