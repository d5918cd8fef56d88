/// How a model behind a server is reached, and what asking it may cost. Not part of any key: none of it changes an answer.
package struct EndpointAccess: Hashable, Sendable {
    /// Which environment variable holds the key.
    package enum Key: Hashable, Sendable {
        case none
        /// `OPENAI_API_KEY` where it is set, and only over an encrypted connection or to this machine.
        case standard
        /// A variable that the recipe names; it must be set.
        case variable(String)
    }

    /// Money for a million tokens, in whatever currency.
    package struct Price: Hashable, Sendable {
        package var prompt: Double
        package var answer: Double

        package init(prompt: Double, answer: Double) {
            self.prompt = prompt
            self.answer = answer
        }
    }

    /// The base, `https://HOST/v1`.
    package var url: String
    package var key: Key
    /// Questions that one build may ask anew; `nil` for no limit.
    package var maxRequests: Int?
    /// Money that one build may spend, in the price's currency; `nil` for no limit.
    package var maxCost: Double?
    package var price: Price
    /// Requests at once.
    package var concurrency: Int
    /// Seconds that one request may take.
    package var timeout: Double
    /// Further attempts at a question whose answer did not come.
    package var retries: Int

    package init(
        url: String, key: Key = .standard, maxRequests: Int? = nil, maxCost: Double? = nil,
        price: Price = Price(prompt: 0, answer: 0), concurrency: Int = 4, timeout: Double = 60, retries: Int = 8
    ) {
        self.url = url
        self.key = key
        self.maxRequests = maxRequests
        self.maxCost = maxCost
        self.price = price
        self.concurrency = concurrency
        self.timeout = timeout
        self.retries = retries
    }
}
