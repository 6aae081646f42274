/**
 * A function that answers at once when it is asked the same text as the time before. The events of a batch mostly come
 * from one visitor on one page, and comparing with the last text is cheaper than finding it in a map.
 */
export const rememberLast = <A>(answer: (text: string) => A): ((text: string) => A) => {
  let lastText: string | undefined;
  let lastAnswer: A;
  return (text) => {
    if (text !== lastText) {
      lastAnswer = answer(text);
      lastText = text;
    }
    return lastAnswer;
  };
};
