/// How much clients may ask, and how long it may take.
package struct ServingLimits: Sendable {
    package var web = WebLimits()
    /// Seconds that a request may wait for its engine.
    package var queueSeconds = 60.0
    /// Seconds until an answer is whole.
    package var answerSeconds = 600.0
    /// Seconds that answers in progress have when the server stops.
    package var drainSeconds = 30.0

    package init() {}
}
